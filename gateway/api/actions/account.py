"""The actions on the account."""

from collections.abc import Mapping
from typing import Final

from gateway.api import answers
from gateway.api.action import VPC, Action
from gateway.api.requests import fields
from gateway.control.controller import Controller


def _describe_account_type(control: Controller, _: fields.Request) -> answers.AccountType:
    with control.state() as state:
        return {"NetworkAccountType": state.account.behaviour.value}


ACCOUNT_ACTIONS: Final[Mapping[str, Action]] = {
    "DescribeNetworkAccountType": Action(VPC, fields.Request, _describe_account_type),
}
