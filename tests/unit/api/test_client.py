"""The client against the real server, and against none."""

import socket
from pathlib import Path
from threading import Thread

import pytest
from support.world import World

from gateway.api.client import Client, ControlUnreachableError, NotDoneError
from gateway.api.errors import ApiError
from gateway.control.errors import AdapterError


def test_a_call_gives_the_answers_fields_without_the_envelope(client: Client) -> None:
    assert client.call("DescribeInstances") == {"TotalCount": 0, "InstanceSet": []}


def test_parameters_arrive_as_they_were_given(client: Client, world: World) -> None:
    (instance_id,) = client.call(
        "RunInstances",
        InstanceName="前端",
        InternetAccessible={
            "InternetMaxBandwidthOut": 10,
            "InternetChargeType": "BANDWIDTH_POSTPAID_BY_HOUR",
        },
    )["InstanceIdSet"]
    (shown,) = client.call("DescribeInstances", InstanceIds=[instance_id])["InstanceSet"]
    assert shown["InstanceName"] == "前端"
    assert shown["InternetAccessible"]["InternetChargeType"] == "BANDWIDTH_POSTPAID_BY_HOUR"
    assert world.instance(instance_id).bandwidth_mbps == 10


def test_an_error_answer_is_raised_with_its_code_and_words(client: Client) -> None:
    with pytest.raises(ApiError) as refused:
        client.call("StartInstances", InstanceIds=["ins-nowhere0"])
    assert refused.value.code == "InvalidInstanceId.NotFound"
    assert refused.value.message == (
        "no instance 'ins-nowhere0': 'tgw instance list' shows those there are"
    )


def test_a_client_may_call_again_and_again(client: Client) -> None:
    ids = [client.call("AllocateAddresses")["AddressSet"][0] for _ in range(3)]
    client.call("ReleaseAddresses", AddressIds=ids)
    assert client.call("DescribeAddresses")["TotalCount"] == 0


def test_without_a_socket_control_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(ControlUnreachableError, match="No such file"):
        Client(tmp_path / "nowhere").call("DescribeInstances")


def test_with_nobody_listening_control_is_unreachable(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "dead"))
    with pytest.raises(ControlUnreachableError, match="refused"):
        Client(tmp_path / "dead").call("DescribeInstances")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy",
    ],
    ids=["nothing", "half an answer", "no HTTP", "no JSON"],
)
def test_a_control_that_ends_in_the_middle_is_unreachable(tmp_path: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "dying"))
        listener.listen()
        listener.settimeout(30)

        def die() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

        thread = Thread(target=die)
        thread.start()
        with pytest.raises(ControlUnreachableError):
            Client(tmp_path / "dying").call("DescribeInstances")
        thread.join(timeout=30)


def test_a_launch_that_failed_is_told_though_many_did_not(world: World, client: Client) -> None:
    def only_some() -> None:
        if len(world.hosts.up) >= 24:
            raise AdapterError("no room")

    world.hosts.while_connecting = only_some
    with pytest.raises(NotDoneError, match="no room"):
        client.call("RunInstances", InstanceCount=25)
