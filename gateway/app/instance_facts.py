"""What the metadata service tells each instance: control's facts of it, with its credentials."""

import base64
from ipaddress import IPv4Network

from gateway.api.temporary import RoleKeys
from gateway.control import place
from gateway.control.values import Instance
from gateway.lab.topology import Topology
from gateway.metadata.facts import Facts, Place
from gateway.metadata.publisher import FactsOf


def facts_of(topology: Topology, keys: RoleKeys) -> FactsOf:
    """Tells the facts of an instance and its public address, with credentials of its role."""
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

    def of(instance: Instance, public: str | None, groups: tuple[str, ...]) -> Facts:
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
            security_groups="\n".join(groups),
            user_data=base64.b64decode(bought.attributes.user_data),
            role=bought.attributes.role,
            credentials=keys.of(instance) if bought.attributes.role else None,
        )

    return of
