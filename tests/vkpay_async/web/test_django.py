"""What is Django's own."""

from __future__ import annotations

import sys

import pytest
from django.test import AsyncClient, Client

from tests.vkpay_async.fake import Bank, Clock, Shop, open_shop
from tests.vkpay_async.web.stacks import django_urls
from vkpay_async.web.django import vkpay_urls


@pytest.fixture
def shop_of_no_loop(bank: Bank, clock: Clock) -> Shop:
    return open_shop(bank, clock, "sqlite://")


async def test_at_the_root(shop: Shop) -> None:
    with django_urls(vkpay_urls(shop.pay)):
        assert (await AsyncClient().get("/health")).status_code == 200


def test_wsgi_is_told_to_be_asgi(shop_of_no_loop: Shop) -> None:
    with (
        django_urls(vkpay_urls(shop_of_no_loop.pay)),
        pytest.raises(RuntimeError, match="get_asgi_application"),
    ):
        Client().get("/health")


def test_without_django_it_says_what_to_install(
    shop_of_no_loop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "django.http", None)
    with pytest.raises(ImportError, match="pip install django"):
        vkpay_urls(shop_of_no_loop.pay)
