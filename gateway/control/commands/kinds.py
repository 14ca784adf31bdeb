"""Every kind of command there is. A new resource adds its own kinds here."""

from gateway.control.commands.account import AccountCommand
from gateway.control.commands.addresses import AddressCommand
from gateway.control.commands.instances import InstanceCommand
from gateway.control.commands.packages import PackageCommand
from gateway.control.commands.tags import TagCommand

Command = InstanceCommand | AddressCommand | PackageCommand | AccountCommand | TagCommand
