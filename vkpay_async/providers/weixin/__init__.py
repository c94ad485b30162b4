"""WeChat's api.weixin.qq.com, as far as several providers ask it: who a user is."""
