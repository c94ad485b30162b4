"""VksPay: one pay link for WeChat and Alipay, over the vendor's gateway."""
