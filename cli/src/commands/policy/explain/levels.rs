//! What `assurance.requires` demands, leaf by leaf, with every condition that is not the default.

use inkan_core::json::text;
use serde_json::Value;

use super::{Said, words};

/// The leaves of `requires`.
pub(super) fn levels(requires: &Value) -> Said {
    let join = |list: &Value, (en, ja): (&str, &str)| {
        let parts: Vec<Said> =
            list.as_array().map_or(&[][..], Vec::as_slice).iter().map(levels).collect();
        let each = |of: fn(&Said) -> &str| parts.iter().map(of).collect::<Vec<_>>();
        Said::new(each(|one| &one.en).join(en), each(|one| &one.ja).join(ja))
    };
    if let Some(all) = requires.get("allOf") {
        return join(all, (" and ", "、かつ"));
    }
    if let Some(any) = requires.get("anyOf") {
        let Said { en, ja } = join(any, (" or ", "、または"));
        return Said::new(format!("({en})"), format!("（{ja}）"));
    }
    if let Some(leaf) = requires.get("ial") {
        return with(leaf, identity(leaf));
    }
    if let Some(leaf) = requires.get("aal") {
        return with(leaf, authentication(leaf));
    }
    if let Some(leaf) = requires.get("link") {
        let mut out = vec![match text(leaf, "mode") {
            Some("same-controller") => Said::new("by one DID", "一つのDIDによる"),
            _ => Said::new("by one key", "一つの鍵による"),
        }];
        let names = words(leaf, "consistent");
        if !names.is_empty() {
            out.push(Said::new(
                format!("{names} alike wherever they occur"),
                format!("{names} はどこでも同じ値"),
            ));
        }
        let base =
            Said::new("several credentials are one person's", "複数の資格証明が同一人のもの");
        return beside(base, &out);
    }
    trust(requires.get("trust").unwrap_or(&Value::Null))
}

fn with(leaf: &Value, conditions: Vec<Said>) -> Said {
    let min = text(leaf, "min").unwrap_or_default();
    beside(Said::new(format!("at least {min}"), format!("{min} 以上")), &conditions)
}

/// A demand, and its conditions in brackets.
fn beside(base: Said, conditions: &[Said]) -> Said {
    if conditions.is_empty() {
        return base;
    }
    let each = |of: fn(&Said) -> &str| conditions.iter().map(of).collect::<Vec<_>>();
    Said::new(
        format!("{} ({})", base.en, each(|one| &one.en).join("; ")),
        format!("{}（{}）", base.ja, each(|one| &one.ja).join("、")),
    )
}

fn is(leaf: &Value, name: &str) -> bool {
    leaf.get(name).and_then(Value::as_bool) == Some(true)
}

fn identity(leaf: &Value) -> Vec<Said> {
    let mut out = Vec::new();
    let mut say = |en: String, ja: String| out.push(Said::new(en, ja));
    if is(leaf, "holderBinding") {
        say(
            "whoever presents it proves the holder's key".to_owned(),
            "提示者が保有者の鍵を持つことを示す".to_owned(),
        );
    }
    let rows = words(leaf, "rows");
    if !rows.is_empty() {
        say(format!("by rows {rows} of the table"), format!("表の行 {rows} による"));
    }
    let classes = words(leaf, "identifier");
    if !classes.is_empty() {
        say(
            format!("by an identifier of class {classes}"),
            format!("身元確認書類の区分 {classes}"),
        );
    }
    let claims = words(leaf, "claims");
    if !claims.is_empty() {
        say(format!("for {claims}"), format!("対象の項目 {claims}"));
    }
    if text(leaf, "basis") == Some("verified") {
        say("checked by this verifier itself".to_owned(), "検証者自身が確かめる".to_owned());
    }
    if text(leaf, "genuine") == Some("crypto") {
        say("by chip or signature".to_owned(), "ICチップまたは署名で真正を確かめる".to_owned());
    }
    if let Some(age) = text(leaf, "maxAge") {
        say(format!("proofed at most {age} ago"), format!("本人確認は {age} 以内"));
    }
    match text(leaf, "revocation") {
        Some("required") => say(
            "this verifier saw that the certificate was not revoked".to_owned(),
            "証明書の失効がないことを検証者自身が確かめる".to_owned(),
        ),
        Some("attested") => say(
            "a party that may ask says that the certificate was not revoked".to_owned(),
            "照会できる者が証明書の失効がないことを示す".to_owned(),
        ),
        _ => {}
    }
    match text(leaf, "timestamp") {
        Some("required") => {
            say("under a timestamp".to_owned(), "タイムスタンプが必要".to_owned());
        }
        Some("preferred") => say(
            "a missing timestamp is noted".to_owned(),
            "タイムスタンプがなければ注意を示す".to_owned(),
        ),
        _ => {}
    }
    match text(leaf, "disputed") {
        Some("accept") => say(
            "a disputed level counts as itself".to_owned(),
            "評価の分かれるレベルもそのまま数える".to_owned(),
        ),
        Some("floor") => say(
            "a disputed level counts as the next lower one".to_owned(),
            "評価の分かれるレベルは一つ下と数える".to_owned(),
        ),
        _ => {}
    }
    if text(leaf, "combine") == Some("anchor") {
        say(
            "of several credentials the strongest counts".to_owned(),
            "複数ある場合は最も強いものを数える".to_owned(),
        );
    }
    if let Some(age) = leaf.get("registerCheck").and_then(|rule| text(rule, "maxAge")) {
        say(
            format!("a base register confirmed it at most {age} ago"),
            format!("{age} 以内に基礎台帳が確認した"),
        );
    }
    out
}

fn authentication(leaf: &Value) -> Vec<Said> {
    let mut out = Vec::new();
    let mut say = |en: String, ja: String| out.push(Said::new(en, ja));
    let roads = words(leaf, "accept");
    if !roads.is_empty() {
        say(format!("by {roads}"), format!("方法 {roads} による"));
    }
    if let Some(age) = text(leaf, "maxAuthAge") {
        say(format!("authenticated at most {age} ago"), format!("認証は {age} 以内"));
    }
    if is(leaf, "phishingResistant") {
        say(
            "bound to this verifier's name".to_owned(),
            "検証者の名前に結び付いた認証（フィッシング耐性）".to_owned(),
        );
    }
    if is(leaf, "hardwareBound") {
        say("with a key in hardware".to_owned(), "鍵はハードウェア内".to_owned());
    }
    match text(leaf, "userVerification") {
        Some("attested") => {
            say("a second factor is attested".to_owned(), "第二要素が証明されている".to_owned());
        }
        Some("claimed") => {
            say("a second factor is claimed".to_owned(), "第二要素の申告がある".to_owned());
        }
        _ => {}
    }
    if let Some(level) = text(leaf, "fidoMin") {
        say(format!("FIDO {level} at least"), format!("FIDO {level} 以上"));
    }
    let storage = words(leaf, "keyStorage");
    if !storage.is_empty() {
        say(format!("key stores {storage}"), format!("鍵の保管 {storage}"));
    }
    if leaf.get("crossDevice").and_then(Value::as_bool) == Some(false) {
        say("not across devices".to_owned(), "別の端末からは不可".to_owned());
    }
    out
}

fn trust(leaf: &Value) -> Said {
    let mut out = Vec::new();
    for (member, en, ja) in [
        ("registries", "listed in", "登録簿"),
        ("prooferRoles", "proofed by", "本人確認者の役割"),
        ("walletProviders", "wallets of", "ウォレット提供者"),
        ("operators", "authenticated by", "認証の運営者"),
    ] {
        let names = words(leaf, member);
        if !names.is_empty() {
            out.push(Said::new(format!("{en} {names}"), format!("{ja} {names}")));
        }
    }
    beside(Said::new("trust in a party", "関係者への信頼"), &out)
}
