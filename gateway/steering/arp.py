"""The guard on ARP: which of it the gateway's namespace takes from the links of instances.

::

    instance ─▶ ARP from the address of its own link, not too often: the kernel answers
                anything else: dropped, and counted as `guard_arp`
    uplink   ─▶ all ARP is taken

The kernel's table of neighbours is the machine's: 1,024 entries for all namespaces together. So no
entry of the gateway's is learnt on an instance's link: neighbours are permanent there, which the
kernel doesn't count, and a sender that could be learnt doesn't come through.

The set of links outlives a change of the rules. An instance's ARP passes once its link is in it.
"""

from collections.abc import Iterable
from typing import Final

TABLE: Final = "arp tgw"
CHAIN: Final = "guard"
LINKS: Final = "links"  # a set
COUNTER: Final = "guard_arp"
COUNTER_TEXT: Final = "ARP of an instance, and not from its own address; or too much of it"
PER_SECOND: Final = 20
BURST: Final = 50

Link = tuple[str, str]  # the interface, and the address of the instance behind it


def rules(uplink: str) -> str:
    """The rules as a script for nft, to install as well as to replace others."""
    return (
        f"add table {TABLE}\n"
        f"add counter {TABLE} {COUNTER}\n"
        f"add set {TABLE} {LINKS} {{ typeof iifname . arp saddr ip; }}\n"
        f"add set {TABLE} rates {{ typeof iifname; flags dynamic; size 65535; timeout 1m; }}\n"
        f"add chain {TABLE} {CHAIN} {{ type filter hook input priority 0; policy accept; }}\n"
        f"flush chain {TABLE} {CHAIN}\n"
        f'add rule {TABLE} {CHAIN} iifname "{uplink}" accept\n'
        f"add rule {TABLE} {CHAIN} iifname . arp saddr ip @{LINKS} update @rates "
        f"{{ iifname limit rate {PER_SECOND}/second burst {BURST} packets }} accept\n"
        f"add rule {TABLE} {CHAIN} counter name {COUNTER} drop\n"
    )


def known(links: Iterable[Link]) -> str:
    """A script for nft after which ARP of these links passes."""
    return "".join(f"add element {TABLE} {LINKS} {_element(link)}\n" for link in links)


def forgotten(link: Link) -> str:
    """A script for nft after which this link isn't known, whether it was before or not."""
    return known([link]) + f"delete element {TABLE} {LINKS} {_element(link)}\n"


def _element(link: Link) -> str:
    interface, address = link
    return f'{{ "{interface}" . {address} }}'
