"""Many signed clients at once on a lab with real workers, and control ended in the middle."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.blows import paused_workers
from support.labs import TGW, Lab, eventually
from support.steps import ADDRESS_LIFE, INSTANCE_LIFE, Watcher, reachable
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.cvm.v20170312 import models as cvm
from tencentcloud.cvm.v20170312.cvm_client import CvmClient
from tencentcloud.vpc.v20170312 import models as vpc
from tencentcloud.vpc.v20170312.vpc_client import VpcClient

from gateway.lab import lifecycle
from gateway.site import roles

from .test_api_clients import Account, account_of, asked

# The SDK's, about functions of the standard library.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CLIENTS = 8
ROUNDS = 3
WITHIN_S = 30.0
# What clients that compete for one EIP may be told.
IN_THE_WAY = {
    "OperationDenied.MutexTaskRunning",
    "MutexOperation.TaskRunning",
    "InvalidInstanceId.AlreadyBindEip",
    "UnsupportedOperation.AddressStatusNotPermit",
}


@contextmanager
def control_of(lab: Lab, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """The lab's control, started anew with options, and ended as the block ends."""
    roles.stop(lab.places.run, roles.CONTROL)
    with subprocess.Popen(
        [*TGW, "control", "--lab", lab.name, *options], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            eventually(lambda: lifecycle.look(lab.name)[1].ready, within_s=20)
            yield process
        finally:
            process.terminate()


@pytest.fixture
def account(own_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Who may call as often as he likes."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with control_of(own_lab, "--api-rate", "100000"):
        yield account_of(own_lab)


class Customer:
    """One signed client, with an instance and an EIP of its own."""

    def __init__(self, account: Account, number: int) -> None:
        self._cvm, self._vpc = account.client(CvmClient), account.client(VpcClient)
        self._number = number

    def run(self, shared: str) -> None:
        """A few rounds of everything."""
        internet = {"InternetMaxBandwidthOut": 10}
        bought = asked(cvm.RunInstancesRequest(), InternetAccessible=internet)
        (instance_id,) = self._cvm.RunInstances(bought).InstanceIdSet
        self.wait_for_state(instance_id, "RUNNING")
        allocated = self._vpc.AllocateAddresses(asked(vpc.AllocateAddressesRequest()))
        (eip_id,) = allocated.AddressSet
        self.finish(allocated)
        for _ in range(ROUNDS):
            self.round(instance_id, eip_id)
            self.compete(instance_id, shared)
        release = asked(vpc.ReleaseAddressesRequest(), AddressIds=[eip_id])
        self.finish(self._vpc.ReleaseAddresses(release))
        ended = asked(cvm.TerminateInstancesRequest(), InstanceIds=[instance_id])
        patiently(lambda: self._cvm.TerminateInstances(ended))
        self.wait_for_state(instance_id, None)

    def round(self, instance_id: str, eip_id: str) -> None:
        """What nobody else has anything to do with; so nothing is in the way for long."""
        bind = asked(vpc.AssociateAddressRequest(), AddressId=eip_id, InstanceId=instance_id)
        self.finish(patiently(lambda: self._vpc.AssociateAddress(bind)))
        assert self.address(eip_id) == ("BIND", instance_id)
        self._cvm.StopInstances(asked(cvm.StopInstancesRequest(), InstanceIds=[instance_id]))
        self.wait_for_state(instance_id, "STOPPED")
        change = asked(
            vpc.ModifyAddressesBandwidthRequest(),
            AddressIds=[eip_id],
            InternetMaxBandwidthOut=1 + self._number,
        )
        self.finish(self._vpc.ModifyAddressesBandwidth(change))
        self._cvm.StartInstances(asked(cvm.StartInstancesRequest(), InstanceIds=[instance_id]))
        self.wait_for_state(instance_id, "RUNNING")
        unbind = asked(vpc.DisassociateAddressRequest(), AddressId=eip_id)
        self.finish(self._vpc.DisassociateAddress(unbind))
        assert self.address(eip_id) == ("UNBIND", None)

    def compete(self, instance_id: str, shared: str) -> None:
        """Bind an EIP that all want, and let it go if it is still here."""
        bind = asked(vpc.AssociateAddressRequest(), AddressId=shared, InstanceId=instance_id)
        unbind = asked(vpc.DisassociateAddressRequest(), AddressId=shared)
        calls: tuple[Callable[[], Any], ...] = (
            lambda: self._vpc.AssociateAddress(bind),
            lambda: self._vpc.DisassociateAddress(unbind),
        )
        for call in calls:
            try:
                self.finish(call())
            except TencentCloudSDKException as error:
                if error.code not in IN_THE_WAY:
                    raise
        patiently(lambda: self.without(instance_id, shared, unbind))

    def without(self, instance_id: str, shared: str, unbind: Any) -> None:
        """The shared EIP is elsewhere."""
        if self.address(shared)[1] == instance_id:
            self.finish(self._vpc.DisassociateAddress(unbind))

    def address(self, eip_id: str) -> tuple[str, str | None]:
        """Its status, and the instance it is bound to."""
        listed = asked(vpc.DescribeAddressesRequest(), AddressIds=[eip_id])
        (found,) = self._vpc.DescribeAddresses(listed).AddressSet
        return found.AddressStatus, found.InstanceId

    def finish(self, answer: Any) -> None:
        """Wait for the answer's task, which succeeds."""
        request = asked(vpc.DescribeTaskResultRequest(), TaskId=int(answer.TaskId))
        results = [""]

        def over() -> bool:
            results.append(self._vpc.DescribeTaskResult(request).Result)
            return results[-1] != "RUNNING"

        eventually(over, WITHIN_S)
        assert results[-1] == "SUCCESS"

    def wait_for_state(self, instance_id: str, state: str | None) -> None:
        """The instance comes to this state, or goes."""
        listed = asked(cvm.DescribeInstancesRequest(), InstanceIds=[instance_id])

        def reached() -> bool:
            found = self._cvm.DescribeInstances(listed).InstanceSet
            return (found[0].InstanceState if found else None) == state

        eventually(reached, WITHIN_S)


def patiently(call: Callable[[], Any]) -> Any:
    """Call until nothing is in the way."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            return call()
        except TencentCloudSDKException as error:
            if error.code not in IN_THE_WAY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def test_clients_at_once_see_only_the_documented_life(own_lab: Lab, account: Account) -> None:
    shared = own_lab.control.call("AllocateAddresses")["AddressSet"][0]
    watcher = Watcher(reachable(ADDRESS_LIFE), reachable(INSTANCE_LIFE))
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            Customer(account, number).run(shared)
        except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    looks = 0
    while any(thread.is_alive() for thread in threads):
        watcher.take("Address", own_lab.control.send("DescribeAddresses")["AddressSet"])
        watcher.take("Instance", own_lab.control.send("DescribeInstances")["InstanceSet"])
        looks += 1
    assert problems == []
    assert own_lab.control.call("DescribeInstances")["TotalCount"] == 0
    assert own_lab.control.call("DescribeAddresses")["TotalCount"] == 1
    passed = {word for transition in watcher.transitions for word in transition}
    assert passed > {"BIND", "UNBIND", "RUNNING", "STOPPED", "gone"}
    print(f"{looks} looks saw {sorted(map(str, passed))}")


def test_control_ends_with_work_pending_and_the_next_one_finishes_it(own_lab: Lab) -> None:
    web = own_lab.instance("web")
    eip_id = own_lab.control.call("AllocateAddresses")["AddressSet"][0]
    with control_of(own_lab) as control, paused_workers(own_lab):
        answer = own_lab.control.send("AssociateAddress", AddressId=eip_id, InstanceId=web.id)
        task = {"TaskId": int(answer["TaskId"])}
        result = own_lab.control.send("DescribeTaskResult", **task)["Result"]
        assert result == "RUNNING"
        assert status_of(own_lab, eip_id) == "BINDING"
        control.terminate()
        _, errors = control.communicate(timeout=10)
    assert control.returncode == 0
    assert "Traceback" not in errors
    assert own_lab.run("lab", "up").returncode == 0
    eventually(lambda: own_lab.control.send("DescribeTaskResult", **task)["Result"] == "SUCCESS")
    assert status_of(own_lab, eip_id) == "BIND"
    assert own_lab.pings("internet", web.public)


def status_of(lab: Lab, eip_id: str) -> str:
    """The EIP's status, as everybody sees it."""
    (found,) = lab.control.send("DescribeAddresses", AddressIds=[eip_id])["AddressSet"]
    return str(found["AddressStatus"])
