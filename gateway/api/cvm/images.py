"""The action on images: there is one, the system of the machine itself."""

from typing import Annotated, Any, ClassVar, Final

from gateway.api import codes
from gateway.api.action import Answer, Context, Listing, action
from gateway.api.cvm.instance_view import OS_NAME
from gateway.api.fields import Form
from gateway.api.filters import Seen, Table, always, equal, holding, matching
from gateway.api.ids import ANY
from gateway.api.listing import listed, selected
from gateway.api.services import CVM
from gateway.api.times import iso_time
from gateway.control.state import State
from gateway.control.values import DEFAULT_IMAGE

_ID: Final = Form("img", "InvalidImageId.Malformed")
_FILTERS: Final[Table[dict[str, Any]]] = Table(
    by={
        "image-id": always(DEFAULT_IMAGE, form=_ID),
        "image-type": equal(lambda _, one: (one["ImageType"],)),
        "image-name": holding(lambda _, one: (one["ImageName"],)),
        "platform": holding(lambda _, one: (one["Platform"],)),
        "dedicated-cluster-id": always(),
        "cdc-cache-status": always(),
    },
    tags=lambda _state, _one: {},
    unknown="InvalidFilter",
    too_many="InvalidFilterValue.LimitExceeded",
    too_many_values="InvalidFilterValue.LimitExceeded",
    values_max=5,
)


@action(
    CVM,
    filters=_FILTERS,
    codes=(
        "InvalidFilter",
        "InvalidFilterValue.LimitExceeded",
        "InvalidImageId.Malformed",
        "InvalidParameter.InvalidParameterCoexistImageIdsFilters",
        codes.LIMIT,
    ),
)
class DescribeImages(Listing):
    """List the image, which fits every type of instance."""

    either: ClassVar[tuple[str, ...]] = ("ImageIds", "Filters")
    either_code: ClassVar[str] = "InvalidParameter.InvalidParameterCoexistImageIdsFilters"

    ImageIds: Annotated[tuple[Annotated[str, _ID], ...], ANY] = ()

    def run(self, context: Context) -> Answer:
        tests = self.tests()
        with context.control.state() as state:
            among = selected({DEFAULT_IMAGE: _image_view(state)}, self.ImageIds)
            found = matching(Seen(state), among, tests)
        return listed("ImageSet", found, self, lambda one: one)


def _image_view(state: State) -> dict[str, Any]:
    return {
        "ImageId": DEFAULT_IMAGE,
        "ImageName": "tgw",
        "ImageType": "PUBLIC_IMAGE",
        "ImageState": "NORMAL",
        "ImageSource": "OFFICIAL",
        "ImageDescription": "the system of the machine that the gateway runs on",
        "Architecture": "x86_64",
        "OsName": OS_NAME,
        "Platform": "Other Linux",
        "ImageSize": 0,
        "IsSupportCloudinit": False,
        "CreatedTime": iso_time(state.configured_at),
    }
