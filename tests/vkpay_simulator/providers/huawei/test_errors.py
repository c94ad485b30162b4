"""Every published code can be asked for, and comes signed."""

import pytest

from tests.vkpay_simulator.providers.huawei.shop import QUERY, Shop, Simulated
from vkpay_simulator.faults import BusinessCode
from vkpay_simulator.providers.base import SimulatorError

# resultCode → subCodes, as they are published.
PUBLISHED = {
    "100000": "INSUFFICIENT_PERMISSION",
    "200000": "MISSING_AUTH_HEADER MISSING_TRACER_ID MISSING_HEADER_SIGN MISSING_CALLER_ID MISSING_BODY_SIGN MISSING_AUTH_ID "
    "MISSING_TIME MISS_ACCESS_TOKEN MISS_PETAL_PAY_SIGN_KEY_ID MISS_PETAL_PAY_ENC_KEY_ID MISS_DEVELOPER_SIGN_KEY_ID",
    "200001": "INVALID_AUTH_HEADER INVALID_TRACER_ID INVALID_AUTH_ID INVALID_TIME INVALID_SESSION_KEY INVALID_PUB_KEY "
    "INVALID_DUPLICATE_REQUEST INVALID_PARAMETER INVALID_CALLER_ID INVALID_PAY_DEV_AUTH UNSUPPORTED_PETAL_PAY_ENC_KEY_ID "
    "UNSUPPORTED_PETAL_PAY_SIGN_KEY_ID UNSUPPORTED_DEVELOPER_SIGN_KEY_ID",
    "200002": "INVALID_SIGNATURE",
    "300000": "CALL_FREQUENCY_LIMITED",
    "400000": "UNKNOW_ERROR INVALID_ARGUMENTS PAY_ORDER_NOT_EXIST MERC_ORDER_NOT_EXIST INVALID_MERCNO INVALID_MERC_NO "
    "REJECTED_BY_RISK_CONTROL NO_MATCH_MATCHING_PRODUCT CHECK_ORDER_STATUS CHECK_TRANSACTION_ORDER_STATUS "
    "BANK_CARD_NOT_SUPPORT CHECK_ACCOUNT_STATUS CHECK_MERC_STATUS MERC_NOT_SUPPORT_REFUND MERC_NOT_SUPPORT_ALLOCATION "
    "CHECK_AMOUNT_INVALID CHECK_ACCOUNT_BALANCE RETRY_TOO_MANY NEED_CHANGE_ORDER NOT_SETTLEMENT_DATE INVALID_APPID "
    "BILL_SWITCH_NOT_TURN_ON INVALID_SUB_MERCNO ORDER_CONCURRENT_ERROR NOT_SUPPORTED_OPERATION RESTRICTED_USER_ACCOUNT "
    "RESTRICTED_USER_TRANSACTION RESTRICTED_MERCHANT_TRANSACTION RESTRICTED_TRANSACTION CHECK_CONTRACT_STATUS "
    "NOT_IN_VALIDITY_PERIOD PAYMENT_ACCOUNT_NOT_ENABLE CUST_NOT_EXIST OPERATION_NOT_AUTHORIZED WITHHOLD_OVER_TIMES "
    "INVALID_PAYMENT_TYPE ORDER_NOT_SUPPORT",
}


CODES = [(result_code, code) for result_code, listed in PUBLISHED.items() for code in listed.split()]


@pytest.mark.parametrize(("result_code", "code"), CODES)
def test_a_code_by_a_fault(shop: Shop, result_code: str, code: str) -> None:
    request = shop.request("GET", QUERY + "T1")
    answer = shop.simulated.huawei.business_error(request, "query", code)
    said = shop.verified(answer.body)
    assert (answer.status, said["resultCode"], said["subCode"]) == (200, result_code, code)
    assert said["resultDesc"]
    assert said["subDesc"]
    assert answer.explain.startswith(f"{code}: ")


def test_the_service_is_down(simulated: Simulated, shop: Shop) -> None:
    said = shop.verified(
        simulated.huawei.business_error(shop.request("GET", QUERY + "T1"), "query", "500000").body
    )
    assert (said["resultCode"], said["subCode"]) == ("500000", "UNKNOW_ERROR")


def test_a_code_that_is_none(simulated: Simulated, shop: Shop) -> None:
    with pytest.raises(SimulatorError, match="huawei has no code 'NO_SUCH'"):
        simulated.huawei.business_error(shop.request("GET", QUERY + "T1"), "query", "NO_SUCH")
    with pytest.raises(SimulatorError, match="Did you mean CHECK_ORDER_STATUS"):
        simulated.world.faults.add(BusinessCode(code="CHECK_ORDER_STATE"))
