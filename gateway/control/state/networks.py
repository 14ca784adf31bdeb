"""The networks that addresses are taken from: the public pools, and the private subnet."""

from gateway.control import events as ev
from gateway.control.events.kinds import Rules
from gateway.control.state.pool import Pool
from gateway.control.state.slots import Slots


class Networks:
    """The pool and the subnet, as the first event of the log says."""

    def __init__(self) -> None:
        """There are no networks before they are configured."""
        self.config: ev.LabConfigured | None = None
        self.configured_at = 0.0
        self.in_use: dict[str, str] = {}  # ids of EIPs and ordinary public IPs, by address
        self._pool: Pool | None = None
        self._subnet: Pool | None = None
        self._slots: Slots | None = None

    def rules(self) -> Rules:
        return {ev.LabConfigured: self.configure}

    @property
    def pool(self) -> Pool:
        assert self._pool is not None, "LabConfigured is always the first event"
        return self._pool

    @property
    def subnet(self) -> Pool:
        assert self._subnet is not None, "LabConfigured is always the first event"
        return self._subnet

    @property
    def slots(self) -> Slots:
        assert self._slots is not None, "LabConfigured is always the first event"
        return self._slots

    def assign(self, address: str, address_id: str, slot: int | None, at: float) -> None:
        """Take a public address out of the pool, for the EIP or ordinary public IP with this id."""
        self.pool.take(address)
        self.slots.assign(address, self.pool.position(address) if slot is None else slot, at)
        self.in_use[address] = address_id

    def release(self, address: str, at: float) -> None:
        """Give a public address back to the pool."""
        del self.in_use[address]
        self.slots.release(address, at)
        self.pool.give_back(address, at)

    def configure(self, event: ev.LabConfigured, at: float) -> None:
        """Make the networks that the first event of the log names."""
        assert self.config is None, event
        self.configured_at = at
        self.config = event
        self._pool = Pool(*event.pools, quarantine_s=event.quarantine_s)
        self._slots = Slots(quarantine_s=event.quarantine_s)
        self._subnet = Pool(event.vpc, quarantine_s=0, reserved=event.reserved)
