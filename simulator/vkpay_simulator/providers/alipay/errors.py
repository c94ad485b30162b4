"""The gateway's and the services' error codes."""

from __future__ import annotations

from collections.abc import Mapping

SUCCESS = "10000"
IN_PROGRESS = "10003"
BUSINESS_FAILED = "40004"

MESSAGES = {
    "10000": "Success",
    "10003": " order success pay inprocess",
    "20000": "Service Currently Unavailable",
    "20001": "Insufficient Token Permissions",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40003": "Insufficient Conditions",
    "40004": "Business Failed",
    "40005": "Call Limited",
    "40006": "Insufficient Permissions",
}

GATEWAY: dict[str, tuple[str, str]] = {
    "isp.unknow-error": ("20000", "服务暂不可用（业务系统不可用）"),
    "aop.unknow-error": ("20000", "服务暂不可用（网关自身的未知错误）"),
    "aop.invalid-auth-token": ("20001", "无效的访问令牌"),
    "aop.auth-token-time-out": ("20001", "访问令牌已过期"),
    "aop.invalid-app-auth-token": ("20001", "无效的应用授权令牌"),
    "aop.invalid-app-auth-token-no-api": ("20001", "商户未授权当前接口"),
    "aop.app-auth-token-time-out": ("20001", "应用授权令牌已过期"),
    "aop.no-product-reg-by-partner": ("20001", "商户未签约任何产品"),
    "isv.missing-method": ("40001", "缺少方法名参数"),
    "isv.missing-signature": ("40001", "缺少签名参数"),
    "isv.missing-signature-type": ("40001", "缺少签名类型参数"),
    "isv.missing-signature-key": ("40001", "缺少签名配置"),
    "isv.missing-app-id": ("40001", "缺少appId参数"),
    "isv.missing-timestamp": ("40001", "缺少时间戳参数"),
    "isv.missing-version": ("40001", "缺少版本参数"),
    "isv.decryption-error-missing-encrypt-type": ("40001", "解密出错, 未指定加密算法"),
    "isv.invalid-parameter": ("40002", "参数无效"),
    "isv.invalid-method": ("40002", "不存在的方法名"),
    "isv.invalid-format": ("40002", "无效的数据格式"),
    "isv.invalid-signature-type": ("40002", "无效的签名类型"),
    "isv.invalid-signature": (
        "40002",
        "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：",
    ),
    "isv.invalid-encrypt-type": ("40002", "无效的加密类型"),
    "isv.invalid-encrypt": ("40002", "解密异常"),
    "isv.invalid-app-id": ("40002", "无效的AppID参数"),
    "isv.invalid-timestamp": ("40002", "非法的时间戳参数"),
    "isv.unsupported-version": ("40002", "不支持的版本号"),
    "isv.invalid-charset": ("40002", "字符集错误"),
    "isv.invalid-digest": ("40002", "摘要错误"),
    "isv.upload-fail": ("40002", "文件上传失败"),
    "isv.invalid-file-extension": ("40002", "文件扩展名无效"),
    "isv.invalid-file-size": ("40002", "文件大小无效"),
    "isv.decryption-error-not-valid-encrypt-type": ("40002", "解密出错, 不支持的加密算法"),
    "isv.decryption-error-not-valid-encrypt-key": ("40002", "解密出错, 无效的加密密钥"),
    # Live samples of the next two show 40003 where the documents have 40002.
    "isv.decryption-error-unknown": ("40003", "解密出错, 未知错误"),
    "isv.missing-signature-config": ("40003", "验签出错, 未配置对应签名算法的公钥或者证书"),
    "isv.not-support-app-auth": ("40002", "本接口不支持第三方代理调用"),
    # What a money-out method answers in key mode: https://github.com/yansongda/pay/issues/325
    "isv.missing-app-cert-sn": ("40002", "缺少应用公钥证书序列号"),
    "isv.missing-alipay-root-cert-sn": ("40002", "缺少支付宝根证书序列号"),
    "isv.app-cert-not-exist": ("40002", "应用证书不存在"),
    "isv.alipay-cert-not-exist": ("40002", "支付宝公钥证书不存在"),
    "isv.invalid-alipay-root-cert-sn": ("40002", "根证书序列号错误"),
    "isv.code-invalid": ("40002", "授权码code无效"),
    "isv.grant-type-invalid": ("40002", "授权类型grant_type无效"),
    "isv.refresh-token-invalid": ("40002", "刷新令牌refresh_token无效"),
    "isv.refresh-token-time-out": ("40002", "刷新令牌refresh_token已过期"),
    "isv.refreshed-token-invalid": ("40002", "刷新令牌refresh_token已被使用"),
    "isv.unmatched-app-id": ("40002", "应用与授权码或刷新令牌不匹配"),
    "isv.app-call-limited": ("40005", "应用调用次数超限"),
    "isv.method-call-limited": ("40005", "接口调用次数超限"),
    "isv.insufficient-isv-permissions": ("40006", "ISV权限不足，建议在开发者中心检查应用是否上线"),
    "isv.insufficient-user-permissions": ("40006", "用户权限不足"),
    "isv.app-api-punished": ("40006", "该接口已被处罚，不可调用"),
    "isv.invalid-cloud-app-permission": ("40006", "云应用权限不足"),
}

ACQUIRING = {
    "SYSTEM_ERROR": "系统错误",
    "INVALID_PARAMETER": "参数无效",
    "ACCESS_FORBIDDEN": "无权限使用接口",
    "EXIST_FORBIDDEN_WORD": "订单信息中包含违禁词",
    "PARTNER_ERROR": "应用APP_ID填写错误",
    "TOTAL_FEE_EXCEED": "订单总金额不在允许范围内",
    "CONTEXT_INCONSISTENT": "交易信息被篡改",
    "TRADE_HAS_SUCCESS": "交易已被支付",
    "TRADE_HAS_CLOSE": "交易已经关闭",
    "BUYER_SELLER_EQUAL": "买卖家不能相同",
    "TRADE_BUYER_NOT_MATCH": "交易买家不匹配",
    "BUYER_ENABLE_STATUS_FORBID": "买家状态非法",
    "SELLER_BEEN_BLOCKED": "商家账号被冻结",
    "NOW_TIME_AFTER_EXPIRE_TIME_ERROR": "当前时间已超过允许支付的时间",
    "INVALID_STORE_ID": "商户门店编号无效",
    "BUYER_NOT_EXIST": "买家不存在",
    "SELLER_NOT_EXIST": "卖家不存在",
    "PAYMENT_AUTH_CODE_INVALID": "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款[SOUNDWAVE_PARSER_FAIL]",
    "BUYER_BALANCE_NOT_ENOUGH": "买家余额不足",
    "BUYER_BANKCARD_BALANCE_NOT_ENOUGH": "用户银行卡余额不足",
    "ERROR_BALANCE_PAYMENT_DISABLE": "余额支付功能关闭",
    "PULL_MOBILE_CASHIER_FAIL": "唤起移动收银台失败",
    "MOBILE_PAYMENT_SWITCH_OFF": "用户的无线支付开关关闭",
    "PAYMENT_FAIL": "支付失败",
    "BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR": "买家付款日限额超限",
    "BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR": "买家付款月限额超限",
    "BEYOND_PAY_RESTRICTION": "商户收款额度超限",
    "BEYOND_PER_RECEIPT_RESTRICTION": "商户单笔收款额度超限",
    "ERROR_BUYER_CERTIFY_LEVEL_LIMIT": "买家未通过人行认证",
    "PAYMENT_REQUEST_HAS_RISK": "支付有风险",
    "NO_PAYMENT_INSTRUMENTS_AVAILABLE": "没用可用的支付工具",
    "USER_FACE_PAYMENT_SWITCH_OFF": "用户当面付付款开关关闭",
    "AUTH_NO_ERROR": "授权号错误",
    "AUTH_AMOUNT_NOT_ENOUGH": "授权剩余金额不足",
    "AUTH_ORDER_HAS_CLOSED": "授权订单已关闭",
    "AUTH_ORDER_HAS_FINISHED": "授权订单已完成",
    "AUTH_TOKEN_IS_NOT_EXIST": "授权令牌不存在",
    "AGREEMENT_NOT_EXIST": "用户协议不存在",
    "AGREEMENT_INVALID": "用户协议失效",
    "AGREEMENT_STATUS_NOT_NORMAL": "用户协议状态非NORMAL",
    "OPEN_ID_NOT_TINY_APP": "非小程序的open_id",
    "PRODUCT_NOT_SUPPORT_IN_TINY_APP": "产品不支持在小程序中使用",
    "UNBOUND_APPLICATION": "未绑定应用",
    "TRADE_NOT_EXIST": "交易不存在",
    "TRADE_STATUS_ERROR": "交易状态不合法",
    "REASON_TRADE_STATUS_INVALID": "交易状态异常",
    "REASON_ILLEGAL_STATUS": "交易状态异常",
    "ENTERPRISE_PAY_BIZ_ERROR": "因公付业务异常",
    "SELLER_BALANCE_NOT_ENOUGH": "卖家余额不足",
    "REASON_TRADE_BEEN_FREEZEN": "请求退款的交易被冻结",
    "TRADE_HAS_FINISHED": "交易已完结",
    "TRADE_CANCEL_TIME_OUT": "超过撤销时间范围",
    "CANCEL_NOT_ALLOWED": "当前交易不允许撤销",
    "REFUND_AMT_NOT_EQUAL_TOTAL": "撤销或退款金额与订单金额不一致",
    "DISCORDANT_REPEAT_REQUEST": "不一致的请求",
    # A live answer really repeats the code here.
    "REASON_TRADE_REFUND_FEE_ERR": "REASON_TRADE_REFUND_FEE_ERR",
    "TRADE_NOT_ALLOW_REFUND": "当前交易不允许退款",
    "REFUND_FEE_ERROR": "交易退款金额有误",
    "NOT_ALLOW_PARTIAL_REFUND": "不支持部分退款",
    "ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND": "交易不允许退款",
    "BUYER_ERROR": "买家状态异常",
    "CURRENCY_NOT_SUPPORT": "退款币种不支持",
    "ALLOC_AMOUNT_VALIDATE_ERROR": "退分账金额超限",
    "USER_NOT_MATCH_ERR": "交易用户不匹配",
    "TRADE_SETTLE_ERROR": "交易结算异常",
    "REFUND_CHARGE_ERROR": "退收费异常",
    "REFUND_ACCOUNT_NOT_EXIST": "退款出资账号不存在或账号异常",
    "CUSTOMER_VALIDATE_ERROR": "账户已注销或者被冻结",
    "REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST": "退分账收入方账户不存在",
    "REFUNDALLOC_UNAUTH_LIMIT": "没有退分账权限",
}

UNPREFIXED = {
    "AQC.SYSTEM_ERROR": "系统错误",
    "TRADE_NOT_EXIST": "交易不存在",
    "INVALID_PARAMETER": "参数有误",
    "PARAM_ILLEGAL": "参数异常",
    "SYSTEM_ERROR": "系统繁忙",
    "ORDER_NOT_EXIST": "转账订单不存在",
    "NO_ORDER_PERMISSION": "没有该笔转账的操作权限",
    "PAYER_BALANCE_NOT_ENOUGH": "付款方余额不足",
    "BALANCE_IS_NOT_ENOUGH": "余额不足",
    "PAYMENT_MONEY_NOT_ENOUGH": "付款金额不足",
    "PAYEE_NOT_EXIST": "收款账号不存在",
    "PAYEE_USERINFO_ERROR": "收款方姓名或其它信息不一致",
    "PAYEE_USERINFO_STATUS_ERROR": "收款方用户状态不正常",
    "PAYEE_ACCOUNT_STATUS_ERROR": "收款方账号异常",
    "PAYEE_ACC_OCUPIED": "收款方登录号有多个支付宝账号，无法确认唯一收款账号",
    "PAYER_PAYEE_CANNOT_SAME": "收付款方不能相同",
    "PAYMENT_INFO_INCONSISTENCY": "两次请求商户单号一样，但是参数不一致",
    "EXCEED_LIMIT_SM_AMOUNT": "单笔额度超限",
    "EXCEED_LIMIT_DM_AMOUNT": "日累计额度超限",
    "EXCEED_LIMIT_DM_MAX_AMOUNT": "超出日累计最大额度",
    "EXCEED_LIMIT_MM_AMOUNT": "月累计额度超限",
    "EXCEED_LIMIT_SM_MIN_AMOUNT": "请求金额不能低于最低转账金额",
    "EXCEED_LIMIT_PERSONAL_SM_AMOUNT": "转账给个人支付宝账户单笔额度超限",
    "EXCEED_LIMIT_ENT_SM_AMOUNT": "转账给企业支付宝账户单笔额度超限",
    "MEMO_REQUIRED_IN_TRANSFER_ERROR": "大额转账需要填写备注",
    "REMARK_HAS_SENSITIVE_WORD": "转账备注包含敏感词",
    "PERMIT_CHECK_PERM_LIMITED": "根据监管部门的要求，请补全您的身份信息解除限制",
    "PERMIT_NON_BANK_LIMIT_PAYEE": "收款方身份信息不全，无法收款",
    "PERM_AML_NOT_REALNAME_REV": "收款方未完善身份信息",
    "PAYEE_NOT_RELNAME_CERTIFY": "收款方未实名认证",
    "SECURITY_CHECK_FAILED": "安全检查失败",
    "PRODUCT_NOT_SIGN": "产品未签约",
    "NO_PERMISSION_ACCOUNT": "无权限操作当前付款账号",
    "NO_ACCOUNT_PAYMENT_PERMISSION": "账户没有支付权限",
    "REQUEST_PROCESSING": "系统处理中，请稍后再试",
    "TRANS_ORDER_DEALING": "转账单据处理中",
    "TRANSFER_SCENE_NAME_BLANK": "转账场景名称为空",
    "TRANSFER_SCENE_NAME_ILLEGAL": "转账场景名称不合法",
    "TRANSFER_SCENE_REPORT_INFO_ILLEGAL": "转账场景报备信息不合法",
    "RESOURCE_LIMIT_EXCEED": "请求超过资源限制",
    "NO_PERMISSION": "无权限",
    "ALIPAY_ACCOUNT_NOT_EXIST": "支付宝账户不存在",
    "AUTHOREE_IS_NOT_MATCH": "授权信息不匹配",
    "USER_AGREEMENT_VERIFY_FAIL": "用户协议校验失败",
    "TRUSTEESHIP_ACCOUNT_NOT_EXIST": "托管子户不存在",
    "AUTH_INFO_NOT_EXISTS": "授权信息不存在",
    "AUTH_CODE_ERROR": "授权码错误",
    "NO_BILL_DATA": "无账单数据",
    "INVAILID_ARGUMENTS": "参数不合法",  # so it is spelt there
    "BILL_NOT_EXIST": "账单不存在",
    "UNKNOWN_ERROR": "未知错误",
    "BILL_DATE_BEFORE_REGISTRATION": "账单日期早于签约日期",
    "TYPE_NOT_SUPPORTED": "账单类型不支持",
}

BUSINESS = {f"ACQ.{code}": text for code, text in ACQUIRING.items()} | UNPREFIXED


class Refusal(Exception):
    """An answer other than success. ``fields`` go beside the codes; ``in_error_node`` puts it under
    ``error_response`` instead of the method's own node; ``why`` is for the journal, in plain English."""

    def __init__(
        self,
        sub_code: str,
        sub_msg: str | None = None,
        *,
        fields: Mapping[str, str] | None = None,
        in_error_node: bool = False,
        why: str = "",
    ) -> None:
        super().__init__(sub_code)
        self.sub_code = sub_code
        self.code, text = GATEWAY.get(sub_code) or (BUSINESS_FAILED, BUSINESS[sub_code])
        self.sub_msg = text if sub_msg is None else sub_msg
        self.fields = dict(fields or {})
        self.in_error_node = in_error_node
        self.why = why

    @property
    def about_business(self) -> bool:
        """Whether the service behind the gateway refused, and not the gateway."""
        return self.code == BUSINESS_FAILED

    def content(self) -> dict[str, str]:
        return {
            "code": self.code,
            "msg": MESSAGES[self.code],
            "sub_code": self.sub_code,
            "sub_msg": self.sub_msg,
            **self.fields,
        }


ALL = frozenset(GATEWAY) | frozenset(BUSINESS)
