//! A story as JSON: `inkan-story/1`, as `schemas/story.schema.json` has it.

use inkan_core::Timestamp;
use serde_json::{Value, json};

use super::{Chain, Checked, Event, Keys, MerklePath, Signer, Story, draw};

/// The `type` of a story.
pub(crate) const TYPE: &str = "inkan-story/1";

/// The members of a story.
pub(crate) fn value(story: &Story) -> Value {
    let about = &story.about;
    let claims: Vec<Value> = about
        .claims
        .iter()
        .map(|(name, value)| match value {
            Some(value) => json!({ "name": name, "value": value }),
            None => json!({ "name": name }),
        })
        .collect();
    let verdict = &story.verdict;
    let fact =
        verdict.fact.as_ref().map(|(fact, number)| json!({ "says": fact, "number": number }));
    let events =
        |list: &[Event]| -> Vec<Value> { list.iter().map(|one| event(story, one)).collect() };
    json!({
        "type": TYPE,
        "exit": verdict.exit,
        "file": story.file,
        "asOf": verdict.as_of.to_string(),
        "decision": verdict.decision.name(),
        "policy": verdict.policy,
        "fact": fact,
        "issuerProof": story.proof.name(),
        "credential": {
            "id": about.id, "types": about.types, "format": about.format, "issuer": about.issuer,
            "subject": about.subject, "claims": claims,
        },
        "events": events(&story.events),
        "ahead": events(&story.ahead),
        "keys": story.keys.as_ref().map(keys),
        "chain": chain(&story.chain),
        "path": story.path.as_ref().map(path),
        "signers": story.signers.iter().map(signer).collect::<Vec<_>>(),
        "checks": story.verdict.checks.iter().map(checked).collect::<Vec<_>>(),
        "notKnown": story.gaps,
    })
}

fn event(story: &Story, event: &Event) -> Value {
    let place = event.place.as_ref().map(|place| {
        json!({
            "log": place.log, "entry": place.entry, "grade": place.grade,
            "existedBy": time(place.seen),
        })
    });
    json!({
        "kind": event.kind.name(), "time": event.time.to_string(), "what": event.what.plain(),
        "word": event.word.plain(), "basis": event.basis.name(),
        "standing": story.standing(event).name(), "record": place,
    })
}

fn time(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| time.to_string().into())
}

fn keys(keys: &Keys) -> Value {
    let spans: Vec<Value> = keys
        .spans
        .iter()
        .map(|span| {
            json!({ "key": span.name, "from": span.from.to_string(), "until": time(span.until) })
        })
        .collect();
    let marks: Vec<Value> = keys
        .marks
        .iter()
        .map(|mark| {
            json!({
                "what": mark.label, "time": mark.time.to_string(), "version": mark.version,
                "key": mark.key, "inForce": mark.standing.name(),
            })
        })
        .collect();
    json!({
        "did": keys.did, "spans": spans, "marks": marks, "ended": keys.ended,
        "sentence": draw::keys_sentence(keys),
    })
}

fn chain(chain: &Chain) -> Value {
    let nodes: Vec<Value> =
        chain.nodes.iter().map(|(role, name)| json!({ "role": role, "name": name })).collect();
    let edges: Vec<Value> = chain
        .edges
        .iter()
        .map(|edge| {
            json!({
                "standing": edge.standing.name(),
                "lines": edge.lines.iter().map(checked).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "nodes": nodes, "edges": edges, "sentence": draw::chain_sentence(chain) })
}

fn checked(line: &Checked) -> Value {
    json!({ "standing": line.standing.name(), "label": line.label, "found": line.found })
}

fn path(path: &MerklePath) -> Value {
    let steps: Vec<Value> = path
        .steps
        .iter()
        .map(|step| {
            json!({
                "given": step.given.digest().to_hex(), "result": step.result.digest().to_hex(),
            })
        })
        .collect();
    json!({
        "log": path.log, "entry": path.index, "size": path.size, "kind": path.kind,
        "leaf": path.leaf.digest().to_hex(), "steps": steps, "vouched": path.vouched,
        "sentence": draw::merkle_path(path).sentence,
    })
}

fn signer(signer: &Signer) -> Value {
    json!({
        "role": signer.role, "did": signer.did, "decision": signer.decision,
        "time": time(signer.time), "entry": signer.entry, "standing": signer.standing.name(),
        "state": signer.state,
    })
}
