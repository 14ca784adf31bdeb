"""What the metadata service tells each instance, taken from control at the moment it asks."""

import base64
from ipaddress import IPv4Network

from gateway.api.temporary import TemporaryCredentials
from gateway.control import place
from gateway.control.controller import Controller
from gateway.lab.topology import Topology
from gateway.metadata.facts import Facts, Place
from gateway.metadata.server import FactsOf


def facts_of(control: Controller, topology: Topology, temporary: TemporaryCredentials) -> FactsOf:
    """Tells the facts of the instance at a private address."""
    where = Place(
        region=place.REGION,
        zone=place.ZONE,
        region_code=place.REGION_CODE,
        zone_code=place.ZONE_CODE,
        vpc_id=place.VPC_ID,
        subnet_id=place.SUBNET_ID,
        gateway=topology.vpc_gateway,
        subnet_mask=str(IPv4Network(topology.vpc).netmask),
    )

    def of(private_ip: str) -> Facts | None:
        with control.state() as state:
            instance = state.instance_at(private_ip)
            public = state.public_ip(instance) if instance else None
        if instance is None:
            return None
        bought = instance.purchase
        return Facts(
            instance_id=instance.instance_id,
            name=instance.name,
            uuid=instance.uuid,
            host_name=bought.attributes.host_name,
            mac=instance.mac,
            local_ipv4=instance.private_ip,
            public_ipv4=public,
            place=where,
            app_id=place.APP_ID,
            charge_type=bought.charge_type.value,
            created_at=instance.created_at,
            instance_type=bought.instance_type,
            image_id=bought.image_id,
            user_data=base64.b64decode(bought.attributes.user_data),
            role=bought.attributes.role,
            credentials=temporary.of(instance) if bought.attributes.role else None,
        )

    return of
