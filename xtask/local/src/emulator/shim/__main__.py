"""Starts MiniStack with additional features that our template needs.

MiniStack has one table of resource handlers: `create`, `update` and `delete` for each type. When it is imported, each
module here adds handlers or wraps existing ones:

- `public_keys`, `http_api`, `alarms`, `misread_properties`: types and properties that MiniStack lacks or misreads;
- `alarm_states`, `metric_values`, `queue_depths`: alarms and metrics, which the local stack publishes and evaluates;
- `change_sets`, `rollbacks`: imports, drift that is reverted, alarms that roll back, rollbacks that fail;
- `cloud_control`: resources that were not created through it;
- `listings`, `cors`: further pages and encodings of logs and objects, and CORS of buckets;
- `messages`, `xray`: headers of traces in batches of messages, and X-Ray (`trace_documents`, `trace_filters`);
- `policies`, `guard`, `validation`: what the server in front of the emulator reads, and the questions to it.

If a handler raises an exception, the stack rolls back, and the stack events contain the message as the reason.
"""

import gc
import importlib
import sys

from ministack import app
from ministack.core import responses
from ministack.services import lambda_svc

# Each of them wraps what those before it have added.
MODULES = (
    "public_keys",
    "http_api",
    "alarms",
    "misread_properties",
    "alarm_states",
    "metric_values",
    "queue_depths",
    "change_sets",
    "rollbacks",
    "cloud_control",
    "listings",
    "cors",
    "messages",
    "xray",
    "policies",
    "guard",
    "validation",
)

for module in MODULES:
    importlib.import_module(module)

# MiniStack's poller would receive messages instead of the local stack's poller, and run the function itself.
lambda_svc._ensure_poller = lambda: None

# MiniStack corrects the content types of its responses by the models of all services, which take a second of each start
# to load. The AWS SDK for Rust does not read them.
responses._service_model = lambda service: None

if __name__ == "__main__":
    # Modules stay, so the garbage collector need not visit them again and again.
    gc.freeze()
    gc.set_threshold(50_000)
    sys.argv = ["ministack"]
    app.main()
