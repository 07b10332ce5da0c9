"""What the tests of photos stand on: the real S3 server, a bucket of the session's own, and a bus beside it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "flow"))
