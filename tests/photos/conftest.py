"""What the tests of photos stand on: the real S3 server, a bucket of the session's own, and a bus beside it."""
import pathlib
import secrets
import shutil
import sys

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flow"))

from harness import places  # noqa: E402
from harness.bus import Bus  # noqa: E402
from harness.until import until  # noqa: E402

LOGS = places.TOP / "var" / "test" / "photos"
BUILT = 600  # seconds: the server may still be on its way (infra/run builds it in the background, once)


class Store:
    """The object store as its owner sees it: a public client, and a bucket."""

    def __init__(self):
        self.environment = places.servers()
        self.bucket = f"t{secrets.token_hex(5)}-photos"
        self.client = botocore.session.get_session().create_client(
            "s3", endpoint_url=self.environment["COLIS_S3_URL"], region_name=self.environment["COLIS_S3_REGION"],
            aws_access_key_id=self.secret("ACCESS_KEY"), aws_secret_access_key=self.secret("SECRET_KEY"),
            config=Config(s3={"addressing_style": "path"}))

    def secret(self, name):
        return pathlib.Path(self.environment[f"COLIS_S3_{name}_FILE"]).read_text().strip()

    def settings(self, **changes):
        """What colis-query is told."""
        return {name: self.environment[name] for name in ("COLIS_S3_URL", "COLIS_S3_REGION",
                                                          "COLIS_S3_ACCESS_KEY_FILE", "COLIS_S3_SECRET_KEY_FILE")} | \
            {"COLIS_S3_BUCKET": self.bucket} | changes

    def keys(self):
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def head(self, key):
        """What is known of an object; None where there is none."""
        try:
            return self.client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404, error
            return None

    def __enter__(self):
        self.client.create_bucket(Bucket=self.bucket)
        return self

    def __exit__(self, *_):
        for key in self.keys():
            self.client.delete_object(Bucket=self.bucket, Key=key)
        self.client.delete_bucket(Bucket=self.bucket)


@pytest.fixture(scope="session")
def store():
    until(lambda: places.server_ready("s3"), BUILT, "the S3 server (var/log/s3-build.log)", every=0.5)
    with Store() as made:
        yield made


@pytest.fixture(scope="session")
def bus(request, store):
    """The programs a photo meets before it is attached."""
    with Bus(LOGS, ("projector", "query", "ingress"), {"query": store.settings()}) as made:
        yield made
        if not request.session.testsfailed:
            shutil.rmtree(LOGS, ignore_errors=True)


@pytest.fixture(scope="session")
def owner(bus):
    """Somebody with a parcel: (person, its id)."""
    person = bus.person()
    return person, person.registered()
