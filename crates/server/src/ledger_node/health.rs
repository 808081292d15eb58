//! Whether the node lives, takes entries, and how it does.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use inkan_io::sequencer::{BOUNDS, Histogram, Readiness};

use super::leaves::typed;
use super::metrics::{counter, gauge};
use super::node::Node;
use super::refusal::Refusal;
use crate::problem::Problem;

const TEXT: &str = "text/plain; charset=utf-8";
/// What Prometheus asks for.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// GET `/healthz`: the process answers.
pub(crate) async fn healthz() -> Response {
    fresh(typed(TEXT, "ok\n"))
}

/// GET `/readyz`: recovered, sure of the clock, room on the disk, not stopping.
pub(crate) async fn readyz(State(node): State<Arc<Node>>) -> Result<Response, Problem> {
    if node.is_stopping() {
        return Err(Refusal::NotReady.into());
    }
    match node.ledger.readiness() {
        Readiness::Ready => Ok(fresh(typed(TEXT, "ready\n"))),
        Readiness::NotReady(reason) => Err(Problem::from(Refusal::NotReady).with("reason", reason)),
    }
}

fn fresh(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// GET `/metrics`.
pub(crate) async fn metrics(State(node): State<Arc<Node>>) -> Response {
    let mut out = String::new();
    node.metrics.write(&mut out);
    gauge(&mut out, "inkan_http_connections", "Open connections.", node.door.open());
    counter(
        &mut out,
        "inkan_http_connections_refused_total",
        "Connections beyond the limit, of all or of one client.",
        node.door.refused(),
    );
    let now = node.now();
    let ledger = node.ledger.metrics();
    let out_ref = &mut out;
    histogram(out_ref, "inkan_commit_seconds", "Time to make a batch durable.", &ledger.commit);
    histogram(out_ref, "inkan_queue_seconds", "Time that an entry waited.", &ledger.queued);
    histogram(
        out_ref,
        "inkan_checkpoint_seconds",
        "Time to make a checkpoint.",
        &ledger.checkpoint,
    );
    counter(out_ref, "inkan_committed_total", "Entries in batches.", ledger.committed);
    gauge(out_ref, "inkan_queue_entries", "Entries that wait.", ledger.queue);
    gauge(out_ref, "inkan_leaves", "Durable leaves.", ledger.leaves);
    gauge(out_ref, "inkan_tree_size", "Leaves under the newest checkpoint.", ledger.signed_size);
    gauge(
        out_ref,
        "inkan_tree_size_cosigned",
        "Leaves under the newest checkpoint with a quorum.",
        ledger.cosigned_size,
    );
    let age = |at: Option<inkan_core::Timestamp>| at.map_or(-1, |at| now.seconds_since(at));
    gauge(
        out_ref,
        "inkan_checkpoint_age_seconds",
        "Since the newest checkpoint was signed; -1 if there was none.",
        age(ledger.signed_at),
    );
    gauge(
        out_ref,
        "inkan_quorum_age_seconds",
        "Since the quorum last cosigned; -1 if it never did.",
        age(ledger.cosigned_at),
    );
    gauge(out_ref, "inkan_map_lag_batches", "Batches not in the map yet.", ledger.map_lag);
    gauge(
        out_ref,
        "inkan_clock_skew_seconds",
        "How far the median cosignature is ahead of this clock.",
        ledger.clock_skew,
    );
    counter(
        out_ref,
        "inkan_equivocations_total",
        "Forks shown to the ledger.",
        ledger.equivocations,
    );
    counter(
        out_ref,
        "inkan_leaves_read_total",
        "Leaves read to answer questions.",
        node.ledger.reader().leaves_read(),
    );
    gauge(out_ref, "inkan_free_bytes", "Disk free beside the reserve.", ledger.free_bytes);
    let passed = [
        ("taken", ledger.gateway.taken),
        ("unfit", ledger.gateway.unfit),
        ("failed", ledger.gateway.failed),
    ];
    let name = "inkan_gateway_passed_over_total";
    let _ = writeln!(out, "# HELP {name} Files that gateways do not serve.\n# TYPE {name} counter");
    for (reason, count) in passed {
        let _ = writeln!(out, "{name}{{reason=\"{reason}\"}} {count}");
    }
    let _ = writeln!(
        out,
        "# HELP inkan_cosigner_up Whether a cosigner answered last time.\n# TYPE inkan_cosigner_up gauge"
    );
    for (name, up) in &ledger.cosigners {
        let label = label(name);
        let _ = writeln!(out, "inkan_cosigner_up{{cosigner=\"{label}\"}} {}", u8::from(*up));
    }
    let name = "inkan_cosigner_failures_total";
    let _ = writeln!(out, "# HELP {name} Times a cosigner gave no line.\n# TYPE {name} counter");
    for ((cosigner, code), count) in &ledger.cosigner_failures {
        let label = label(cosigner);
        let _ = writeln!(out, "{name}{{cosigner=\"{label}\",code=\"{code}\"}} {count}");
    }
    let ready = !node.is_stopping() && node.ledger.readiness() == Readiness::Ready;
    gauge(&mut out, "inkan_ready", "Whether entries are taken.", u8::from(ready));
    fresh(typed(EXPOSITION, out))
}

/// What may stand between quotes.
fn label(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '"' | '\\' | '\n')).collect()
}

fn histogram(out: &mut String, name: &str, help: &str, times: &Histogram) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} histogram");
    let mut up_to = 0_u64;
    for (bucket, bound) in times.buckets.iter().zip(BOUNDS) {
        up_to = up_to.saturating_add(*bucket);
        if bound < u64::MAX {
            let _ =
                writeln!(out, "{name}_bucket{{le=\"{}\"}} {up_to}", super::metrics::seconds(bound));
        }
    }
    let sum = super::metrics::seconds(times.sum);
    let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {}", times.count);
    let _ = writeln!(out, "{name}_sum {sum}\n{name}_count {}", times.count);
}
