//! `inkan policy explain`: what a policy demands, in sentences, in the order in which a report answers them; in English or Japanese.

mod levels;

use inkan_assurance::Policy;
use inkan_core::json::text;
use serde_json::{Value, json};

use self::levels::levels;
use crate::args::Language;
use crate::output::Outcome;
use crate::render::safe;

/// A sentence in both languages.
#[derive(Clone, Debug)]
pub(super) struct Said {
    en: String,
    ja: String,
}

impl Said {
    pub(super) fn new(en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self { en: en.into(), ja: ja.into() }
    }

    fn into_text(self, language: Language) -> String {
        match language {
            Language::En => self.en,
            Language::Ja => self.ja,
        }
    }
}

pub(super) fn outcome(policy: &Policy, language: Language) -> Outcome {
    let value = policy.to_value();
    let said = sentences(value);
    let title = match language {
        Language::En => policy.title("en").or(policy.title("ja")),
        Language::Ja => policy.title("ja").or(policy.title("en")),
    };
    let lines: Vec<String> = said.into_iter().map(|one| one.into_text(language)).collect();
    let mut human = format!("{} {}\n", policy.id(), text(value, "version").unwrap_or_default());
    if let Some(title) = title {
        human.push_str(&format!("{}\n", safe(title, 200)));
    }
    for line in &lines {
        human.push_str(&format!("  - {}\n", safe(line, 900)));
    }
    let members = json!({
        "id": policy.id(), "sha256": policy.digest().to_hex(), "lang": language.as_str(),
        "title": title, "sentences": lines,
    });
    Outcome::new("inkan-policy-explanation/1", human, members).stream("sentences")
}

/// One for each demand.
fn sentences(value: &Value) -> Vec<Said> {
    let mut said = vec![issuers(value.get("issuers")), types(value.get("credentialTypes"))];
    said.extend(proofs(value.get("proofs")));
    said.push(ledger(value.get("ledger")));
    if let Some(status) = value.get("status") {
        said.extend(status_lines(status));
    }
    let items = value.get("countersigned").and_then(Value::as_array);
    let items = items.map_or(&[][..], Vec::as_slice);
    said.extend(items.iter().map(demand));
    if let Some(acts) = value.get("currentActs") {
        let age = text(acts, "maxAge").unwrap_or("PT24H");
        said.push(Said::new(
            format!("Each of these has to be shown to be the newest state of its act, at most {age} ago: who has withdrawn since is not counted, not even after the seal."),
            format!("各副署は、{age} 以内に示された最新の状態でなければならない。その後に撤回した者は、封印の後でも数えない。"),
        ));
    }
    if let Some(assurance) = value.get("assurance") {
        let framework = text(assurance, "framework").unwrap_or_default();
        let requires = assurance.get("requires").unwrap_or(&Value::Null);
        let Said { en, ja } = levels(requires);
        said.push(Said::new(
            format!("Assurance on the scale of {framework}: {en}."),
            format!("保証レベル（{framework}）：{ja}。"),
        ));
        if let Some(reason) = assurance.get("reason") {
            let either = |own: &str, other: &str| {
                text(reason, own)
                    .or_else(|| text(reason, other))
                    .or(reason.as_str())
                    .map(str::to_owned)
            };
            if let (Some(en), Some(ja)) = (either("en", "ja"), either("ja", "en")) {
                said.push(Said::new(
                    format!("It says why it asks for more than its use case: {en}."),
                    format!("用途が必要とする以上を求める理由：{ja}。"),
                ));
            }
        }
    }
    if let Some(period) = value.get("effective") {
        let day = |name: &str| text(period, name);
        let (from, until) = (day("from"), day("until"));
        if from.is_some() || until.is_some() {
            let (from, until) = (from.unwrap_or("…"), until.unwrap_or("…"));
            said.push(Said::new(
                format!("It is in effect from {from} until {until}, both days included."),
                format!("有効期間は {from} から {until} まで（両日を含む）。"),
            ));
        }
    }
    said
}

fn issuers(issuers: Option<&Value>) -> Said {
    match issuers {
        Some(Value::String(word)) if word == "any" => Said::new(
            "Anybody may have issued it; whether the issuer may say this is not judged.",
            "発行者は問わない。発行者にその権限があるかは判断しない。",
        ),
        Some(Value::Object(_)) => {
            let named = issuers.map(|named| words(named, "dids")).unwrap_or_default();
            let lists = issuers.map(|named| words(named, "registries")).unwrap_or_default();
            match (named.is_empty(), lists.is_empty()) {
                (false, true) => Said::new(
                    format!("One of these issued it: {named}."),
                    format!("発行者は次のいずれか：{named}。"),
                ),
                (true, _) => Said::new(
                    format!("Its issuer is listed for this type in: {lists}."),
                    format!("発行者がこの種類について次に載っている：{lists}。"),
                ),
                (false, false) => Said::new(
                    format!(
                        "One of these issued it: {named}; and it is listed for this type in: {lists}."
                    ),
                    format!(
                        "発行者は次のいずれかであり：{named}、かつこの種類について次に載っている：{lists}。"
                    ),
                ),
            }
        }
        _ => Said::new(
            "Its issuer is listed for this type in a configured trust list.",
            "発行者が、設定された信頼リストにこの種類について載っている。",
        ),
    }
}

/// Whose proofs have to be there besides the issuer's.
fn proofs(proofs: Option<&Value>) -> Option<Said> {
    match proofs {
        Some(Value::String(word)) if word == "all" => Some(Said::new(
            "Every proof on it was checked, and holds.",
            "付されたすべての証明が検証され、有効であること。",
        )),
        Some(Value::Object(count)) => {
            let least = count.get("atLeast").and_then(Value::as_u64).unwrap_or(1);
            let by = proofs.map(|proofs| words(proofs, "by")).filter(|by| !by.is_empty());
            let who = by.as_ref().map_or_else(String::new, |by| format!(" out of {by}"));
            let whom = by.map_or_else(String::new, |by| format!("{by} のうち"));
            Some(Said::new(
                format!(
                    "At least {least} different controllers{who} say what it says, each by a proof; the issuer is one of them."
                ),
                format!(
                    "発行者を含め、{whom}少なくとも {least} の異なる管理者が、それぞれの証明で同じ内容を述べていること。"
                ),
            ))
        }
        _ => None,
    }
}

fn types(types: Option<&Value>) -> Said {
    match types {
        Some(Value::Array(_)) => {
            let list = words(&json!({ "types": types }), "types");
            Said::new(
                format!("It is of one of these types: {list}."),
                format!("種類は次のいずれか：{list}。"),
            )
        }
        Some(Value::String(word)) if word == "optional" => Said::new(
            "A presentation without a credential is enough.",
            "資格証明のない提示でもよい。",
        ),
        _ => Said::new("A credential of any type.", "資格証明の種類は問わない。"),
    }
}

fn ledger(ledger: Option<&Value>) -> Said {
    let grade = ledger.and_then(|ledger| ledger.get("time"));
    let time = match grade.and_then(|grade| text(grade, "grade")) {
        Some("operator") => Said::new("the operator's own time", "運営者自身の時刻"),
        Some("tsa") => Said::new("the time of a timestamp authority", "時刻認証局の時刻"),
        Some("chain") => Said::new("the time of a public chain", "公開チェーンの時刻"),
        _ => {
            let least = grade.and_then(|grade| grade.get("atLeast")).and_then(Value::as_u64);
            let least = least.unwrap_or(2);
            Said::new(
                format!("the word of {least} independent operators"),
                format!("独立した {least} 者の証言"),
            )
        }
    };
    let Said { en, ja } = time;
    let required = ledger.and_then(|ledger| ledger.get("required")).and_then(Value::as_bool);
    if required == Some(true) {
        Said::new(
            format!("It is recorded on a ledger that is pinned, and its time rests on {en}."),
            format!("登録済みの台帳に記録があり、その時刻は{ja}による。"),
        )
    } else {
        Said::new(
            format!("No record is needed; where one is relied on, its time rests on {en}."),
            format!("台帳の記録は必須ではない。記録を根拠にする場合、その時刻は{ja}による。"),
        )
    }
}

fn status_lines(status: &Value) -> Vec<Said> {
    let mut out = Vec::new();
    if status.get("required").and_then(Value::as_bool) == Some(true) {
        out.push(Said::new("It names a status list.", "失効状態のリストを示している。"));
    }
    if let Some(age) = text(status, "maxAge") {
        out.push(Said::new(
            format!("Its status is at most {age} old."),
            format!("失効状態は {age} 以内のものである。"),
        ));
    }
    out
}

/// One item of `countersigned`.
fn demand(item: &Value) -> Said {
    let least = item.get("atLeast").and_then(Value::as_u64).unwrap_or(1);
    let role = text(item, "role").unwrap_or_default();
    let who = match item.get("by") {
        Some(Value::String(_)) => Said::new("the subject of the credential", "資格証明の対象者"),
        Some(Value::Array(list)) => {
            let (count, names) = (list.len(), words(item, "by"));
            Said::new(
                format!("{least} of {count}: {names}"),
                format!("{count} 者（{names}）のうち {least} 者"),
            )
        }
        _ if least == 1 => Said::new("somebody", "だれか一者"),
        _ => Said::new(
            format!("{least} different controllers"),
            format!("管理者の異なる {least} 者"),
        ),
    };
    let did = match text(item, "decision").unwrap_or("accept") {
        "refuse" => Said::new("refused", "拒否した"),
        "withdraw" => Said::new("withdrew", "撤回した"),
        "seal" => Said::new(
            "sealed it (the issuer, or whom this item or the offer names)",
            "封印した（発行者、またはこの項目か申し出が名指す者）",
        ),
        _ => Said::new("accepted", "承諾した"),
    };
    let mut out = Said::new(
        format!("As {role}, {} {}", who.en, did.en),
        format!("役割 {role} として、{}が{}", who.ja, did.ja),
    );
    let mut also = |en: String, ja: String| {
        out.en.push_str(&en);
        out.ja.push_str(&ja);
    };
    if let Some(registry) = text(item, "registry") {
        also(
            format!(", listed for that role in {registry}"),
            format!("。その者はこの役割について {registry} に載っている"),
        );
    }
    if let Some(after) = text(item, "after") {
        also(
            format!(", after a {after} whose countersignature it covers or follows"),
            format!("。役割 {after} の副署の後であり、それを含むか、それに続く"),
        );
    }
    if let Some(time) = text(item, "before") {
        also(format!(", recorded by {time}"), format!("。{time} までに記録されている"));
    }
    if let Some(span) = text(item, "within") {
        also(
            format!(", recorded within {span} of the issuance"),
            format!("。発行から {span} 以内に記録されている"),
        );
    }
    let is = |name: &str| item.get(name).and_then(Value::as_bool) == Some(true);
    if is("delegates") {
        also(
            "; an agent may act in their place, under a power of attorney for that role".to_owned(),
            "。この役割の委任を受けた代理人が代わってもよい".to_owned(),
        );
    }
    if is("distinct") {
        also(
            "; nobody of them is the issuer, or counted for another item".to_owned(),
            "。発行者自身や、他の項目で数えた者は数えない".to_owned(),
        );
    }
    also(".".to_owned(), "。".to_owned());
    out
}

/// The strings of a list.
pub(super) fn words(value: &Value, member: &str) -> String {
    let list = value.get(member).and_then(Value::as_array);
    let names: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(member: &str, demand: &Value) -> String {
        let mut value = json!({
            "type": "inkan-policy/1", "id": "a", "version": "2026-11-23", "title": { "en": "A" },
        });
        if !member.is_empty() {
            value[member] = demand.clone();
        }
        match Policy::from_value(&value) {
            Ok(policy) => {
                let said = sentences(policy.to_value()).into_iter();
                said.map(|one| one.into_text(Language::En)).collect::<Vec<_>>().join("\n")
            }
            Err(error) => panic!("{member}: {error}"),
        }
    }

    /// A demand without a sentence would make the policy look weaker than it is.
    #[test]
    fn every_demand_of_the_schema_has_a_sentence() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../../schemas/policy.schema.json")).unwrap();
        let about_itself = ["type", "id", "version", "title", "effective"];
        let demands = [
            ("issuers", json!({ "dids": ["did:example:acme"] })),
            ("credentialTypes", json!(["Badge"])),
            ("ledger", json!({ "required": true, "time": { "grade": "operator" } })),
            ("status", json!({ "required": true, "maxAge": "PT1H" })),
            ("proofs", json!({ "atLeast": 2 })),
            ("countersigned", json!([{ "role": "holder" }])),
            ("currentActs", json!({ "required": true })),
        ];
        let without = told("", &Value::Null);
        for member in schema["properties"].as_object().unwrap().keys() {
            let found = demands.iter().find(|(name, _)| name == member);
            match found {
                Some((name, demand)) => assert_ne!(told(name, demand), without, "{name}"),
                // Sentences of levels are tried by the transcripts.
                None => assert!(
                    about_itself.contains(&member.as_str()) || member == "assurance",
                    "{member} is neither explained nor listed here"
                ),
            }
        }
        assert_ne!(told("proofs", &json!("all")), without);
        assert!(
            told("proofs", &json!({ "atLeast": 2 })).contains("At least 2 different controllers")
        );
    }
}
