// The console: starts each panel, and then the stream of events that they follow.

import * as api from "./api.js";
import { complain, place } from "./elements.js";
import { connect, load } from "./server.js";
import * as data from "./panels/data.js";
import * as keys from "./panels/keys.js";
import * as metrics from "./panels/metrics.js";
import * as packages from "./panels/packages.js";
import * as queue from "./panels/queue.js";
import * as reference from "./panels/reference.js";
import * as requests from "./panels/requests.js";
import * as running from "./panels/running.js";
import * as traces from "./panels/traces.js";
import * as tryIt from "./panels/try.js";

function showConnection(isOpen) {
  place("connection").className = isOpen ? "live" : "lost";
  place("connection").textContent = isOpen ? "Live" : "Reconnecting …";
}

async function start() {
  const stack = await load("stack.json");
  api.start(stack);
  place("viewer").href = stack.viewer_url;
  for (const panel of [packages, queue, keys, requests, traces, tryIt, metrics, running, reference, data]) panel.start(stack);
  connect(showConnection);
}

start().catch(complain);
