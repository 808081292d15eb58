//! The page of a session, and what every answer of it says to browsers.
//!
//! It works without script, but for passkeys, which browsers give to scripts alone. Foreign text comes in by [`Html::text`], which escapes it. Nothing
//! is fetched from elsewhere, nobody may frame it, nothing of it is stored.

use std::fmt::Write as _;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use inkan_assurance::Policy;
use inkan_core::text::is_hidden;
use inkan_core::{Timestamp, json};
use inkan_verifier::type_name;
use serde_json::Value;

use super::session::{Session, State};
use super::words::Language;
use super::{Enrol, ladder, report};
use crate::credentials::answer::Finding;
use crate::problem::codes;

/// Longest piece of foreign text.
const LIMIT: usize = 400;
/// What a page may do: its own style and script, and talking to its own server.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What is shown.
pub(super) struct View<'a> {
    pub(super) session: &'a Session,
    pub(super) policy: &'a Policy,
    pub(super) now: Timestamp,
    pub(super) language: Language,
    pub(super) ceremonies: Ceremonies,
    /// Whether the verdict can be taken along, signed.
    pub(super) signs: bool,
    /// What was wrong with what was just sent.
    pub(super) told: Option<&'a Finding>,
}

/// What the browser can be asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ceremonies {
    pub(super) confirm: bool,
    pub(super) register: bool,
}

/// A page as an answer.
pub(super) fn answer(status: StatusCode, text: String) -> Response {
    let mut response = (status, text).into_response();
    secure(&mut response, "text/html; charset=utf-8", "no-store");
    response
}

/// A file that belongs to pages, and says nothing about anybody.
pub(super) fn asset(kind: &'static str, text: &'static str) -> Response {
    let mut response = text.into_response();
    secure(&mut response, kind, "no-cache");
    response
}

/// Go there, and ask again.
pub(super) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    secure(&mut response, "text/html; charset=utf-8", "no-store");
    if let Ok(to) = HeaderValue::try_from(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

pub(super) fn secure(response: &mut Response, kind: &'static str, cache: &'static str) {
    let ceremonies = "publickey-credentials-get=(self), publickey-credentials-create=(self)";
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // The address is the secret: it goes to no other site. Forms still say where they are from.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), ceremonies),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// A page that grows.
struct Html(String);

impl Html {
    /// Markup: a literal of ours.
    fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of ours.
    fn own(&mut self, words: &str) -> &mut Self {
        self.0.push_str(&escaped(words));
        self
    }

    /// Text of others: hidden characters are written out, and its direction stays its own.
    fn text(&mut self, words: &str) -> &mut Self {
        let mut shown = String::new();
        for (count, c) in words.chars().enumerate() {
            if count >= LIMIT {
                shown.push('…');
                break;
            }
            if is_hidden(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
        }
        let _ = write!(self.0, "<bdi>{}</bdi>", escaped(&shown));
        self
    }
}

/// Text as HTML takes it, in content and in quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => {}
            c => out.push(c),
        }
    }
    out
}

/// The page of a session.
pub(super) fn html(view: &View<'_>) -> String {
    let View { session, now, language, .. } = *view;
    let mut out = Html(String::new());
    let ended = session.has_ended(now);
    let title = match (session.state, ended) {
        (_, true) => language.say("Time is up", "時間切れです"),
        (State::Open, false) => language.say("A request to you", "提示のお願い"),
        (State::Presented, false) => language.say("One more step", "あと一歩です"),
        (State::Settled, false) => language.say("The verdict", "判定"),
    };
    head(&mut out, title, language);
    out.raw("<header>\n<p class=\"over\">").text(&session.asker).raw("</p>\n<h1>").own(title);
    out.raw("</h1>\n</header>\n");
    if let Some(told) = view.told {
        notice(&mut out, told, language);
    }
    match (session.state, ended) {
        (_, true) => {
            out.raw("<p>");
            out.own(language.say(
                "This request was not answered in time. Whoever asked can ask again.",
                "時間内に回答がありませんでした。もう一度依頼してもらってください。",
            ));
            out.raw("</p>\n");
        }
        (State::Open, false) => {
            if session.report.is_some() {
                verdict(&mut out, view);
            }
            asked(&mut out, view);
            form(&mut out, view);
        }
        (State::Presented, false) => {
            verdict(&mut out, view);
            passkeys(&mut out, view);
            asked(&mut out, view);
        }
        (State::Settled, false) => {
            verdict(&mut out, view);
            if view.signs {
                out.raw("<p><a href=\"").raw(report::QUERY).raw("\" download=\"verdict.json\">");
                let words = "Take the signed verdict along";
                out.own(language.say(words, "署名された判定を保存する")).raw("</a></p>\n");
            }
            asked(&mut out, view);
        }
    }
    foot(&mut out, language);
    out.0
}

/// A page without a session.
pub(super) fn trouble(told: Option<&Finding>, language: Language) -> String {
    let mut out = Html(String::new());
    let title = language.say("There is nothing here", "ここには何もありません");
    head(&mut out, title, language);
    out.raw("<h1>").own(title).raw("</h1>\n");
    if let Some(told) = told {
        notice(&mut out, told, language);
    }
    foot(&mut out, language);
    out.0
}

fn head(out: &mut Html, title: &str, language: Language) {
    out.raw("<!DOCTYPE html>\n<html lang=\"").raw(language.tag()).raw("\">\n<head>\n");
    out.raw("<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.raw("<meta name=\"robots\" content=\"noindex\">\n<title>").own(title).raw("</title>\n");
    out.raw(
        "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"assets/desk.css\">\n",
    );
    out.raw("<script src=\"assets/desk.js\" defer></script>\n</head>\n<body>\n<main>\n");
}

fn foot(out: &mut Html, language: Language) {
    let (other, name) = language.other();
    out.raw("<footer class=\"soft\">\n<p><a lang=\"").raw(other.tag()).raw("\" href=\"");
    out.raw(other.query())
        .raw("\">")
        .own(name)
        .raw("</a></p>\n</footer>\n</main>\n</body>\n</html>\n");
}

/// What was wrong with what was sent: what, number, what to do.
fn notice(out: &mut Html, told: &Finding, language: Language) {
    out.raw("<section class=\"alert\" role=\"alert\">\n<p>").text(&told.detail).raw("</p>\n");
    if let Some(entry) = codes().get(told.code) {
        out.raw("<p class=\"soft\">").own(&entry.number).own(": ").own(&entry.title).raw("<br>");
        out.own(language.say("What to do: ", "対処: ")).own(&entry.remedy).raw("</p>\n");
    }
    out.raw("</section>\n");
}

/// Who asks, why, what, until when, for whom and in answer to what.
fn asked(out: &mut Html, view: &View<'_>) {
    let View { session, policy, language, .. } = *view;
    out.raw("<section aria-labelledby=\"asked\">\n<h2 id=\"asked\">");
    out.own(language.say("What is asked", "求められていること")).raw("</h2>\n<dl>\n");
    let mut line = |label: &str, fill: &dyn Fn(&mut Html)| {
        out.raw("<dt>").own(label).raw("</dt><dd>");
        fill(out);
        out.raw("</dd>\n");
    };
    line(language.say("Who asks", "依頼者"), &|out| {
        out.text(&session.asker);
    });
    line(language.say("Why", "理由"), &|out| {
        out.text(&session.why);
    });
    line(language.say("What", "内容"), &|out| {
        let title = policy.title(language.tag()).or_else(|| policy.title("en"));
        out.text(title.unwrap_or_else(|| policy.id()));
        out.raw("<ul>\n");
        for sentence in demands(policy, language) {
            out.raw("<li>").text(&sentence).raw("</li>\n");
        }
        out.raw("</ul>\n");
    });
    line(language.say("Until", "期限"), &|out| {
        let until = session.valid_until().to_string();
        out.raw("<time datetime=\"").own(&until).raw("\">").own(&moment(&until)).raw("</time>");
    });
    line(language.say("Made out to", "宛先"), &|out| {
        out.raw("<code>").text(&session.audience).raw("</code>");
    });
    line(language.say("In answer to", "ノンス"), &|out| {
        out.raw("<code>").text(&session.nonce).raw("</code>");
    });
    out.raw("</dl>\n</section>\n");
}

/// What a policy demands, in a few sentences.
fn demands(policy: &Policy, language: Language) -> Vec<String> {
    let value = policy.to_value();
    let types = policy.listed_types().join(", ");
    let optional = json::text(value, "credentialTypes") == Some("optional");
    let mut out = vec![match (types.is_empty(), optional) {
        (false, _) if language == Language::En => format!("A credential of type {types}."),
        (false, _) => format!("種別が {types} のクレデンシャル。"),
        (true, true) => language
            .say("A credential is welcome, and not needed.", "クレデンシャルは任意です。")
            .to_owned(),
        (true, false) => {
            language.say("A credential of any type.", "任意の種別のクレデンシャル。").to_owned()
        }
    }];
    if policy.judges_no_issuer() {
        out.push(language.say("Anybody may have issued it.", "発行者は問いません。").to_owned());
    } else {
        out.push(
            language
                .say("Whoever asks trusts its issuer for it.", "依頼者が信頼する発行者のもの。")
                .to_owned(),
        );
    }
    let mut levels = Vec::new();
    if let Some(requires) = value.pointer("/assurance/requires") {
        minimums(requires, &mut levels);
    }
    for level in levels {
        out.push(match language {
            Language::En => format!("At least {level}."),
            Language::Ja => format!("{level} 以上。"),
        });
    }
    out
}

/// The levels that a requirement names, however deep.
fn minimums(requires: &Value, out: &mut Vec<String>) {
    for scale in ["ial", "aal"] {
        let min = requires.get(scale).and_then(|leaf| json::text(leaf, "min"));
        out.extend(min.map(str::to_owned).filter(|min| !out.contains(min)));
    }
    for list in ["allOf", "anyOf"] {
        let parts = requires.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        parts.iter().for_each(|part| minimums(part, out));
    }
}

fn form(out: &mut Html, view: &View<'_>) {
    let View { session, language, .. } = *view;
    out.raw("<section aria-labelledby=\"answer\">\n<h2 id=\"answer\">");
    out.own(language.say("Your answer", "回答")).raw("</h2>\n<p>");
    out.own(language.say(
        "Make a presentation with your wallet, then paste or choose it here. On a command line:",
        "ウォレットで提示を作り、ここに貼り付けるかファイルを選んでください。コマンドラインでは:",
    ));
    out.raw("</p>\n<pre tabindex=\"0\"><code>");
    out.own(&format!(
        "inkan present --cred FILE --as me --aud {} --nonce {} --out answer.json",
        session.audience, session.nonce
    ));
    out.raw("</code></pre>\n<form method=\"post\" enctype=\"multipart/form-data\" action=\"");
    // The path is that of the page itself, whatever its secret: nothing here repeats it.
    out.raw(language.query()).raw("\">\n<p><label for=\"text\">");
    out.own(language.say("Paste the presentation", "提示を貼り付ける"));
    out.raw("</label><br>\n<textarea id=\"text\" name=\"text\" rows=\"5\" spellcheck=\"false\" autocomplete=\"off\"></textarea></p>\n<p><label for=\"file\">");
    out.own(language.say("or choose its file", "またはファイルを選ぶ"));
    out.raw("</label><br>\n<input id=\"file\" name=\"file\" type=\"file\"></p>\n<p><button type=\"submit\">");
    out.own(language.say("Present", "提示する")).raw("</button></p>\n</form>\n</section>\n");
}

fn passkeys(out: &mut Html, view: &View<'_>) {
    let View { session, language, ceremonies, .. } = *view;
    out.raw("<section aria-labelledby=\"passkey\">\n<h2 id=\"passkey\">");
    out.own(language.say("Confirm with a passkey", "パスキーで確認する")).raw("</h2>\n<p>");
    out.own(match (ceremonies.confirm, session.enrol) {
        (true, _) => language.say(
            "Your presentation holds. To be surer that it is you, confirm it with your passkey: it signs this very presentation.",
            "提示は有効です。ご本人であることをより確かにするため、この提示をパスキーで確認してください。",
        ),
        (false, Enrol::First | Enrol::More) => language.say(
            "Your presentation holds. You have no passkey here yet: register one, then confirm with it.",
            "提示は有効です。ここにはまだパスキーがありません。登録してから確認してください。",
        ),
        (false, Enrol::Never) => language.say(
            "You have no passkey here, and none can be registered now.",
            "ここにはパスキーがなく、今は登録できません。",
        ),
    });
    out.raw("</p>\n<noscript><p class=\"alert\">");
    out.own(language.say(
        "Browsers give passkeys to scripts alone, and scripts are off.",
        "パスキーにはスクリプトが必要ですが、無効になっています。",
    ));
    out.raw("</p></noscript>\n<p class=\"actions\">\n");
    let mut button = |ceremony: &str, words: &str| {
        out.raw("<button type=\"button\" hidden data-ceremony=\"").raw(ceremony).raw("\">");
        out.own(words).raw("</button>\n");
    };
    if ceremonies.confirm {
        button("confirm", language.say("Confirm with a passkey", "パスキーで確認する"));
    }
    if ceremonies.register {
        button("register", language.say("Register a passkey", "パスキーを登録する"));
    }
    out.raw("</p>\n<p id=\"said\" role=\"status\" data-none=\"");
    let none = "This browser knows no passkeys here: open the page in another one.";
    out.own(
        language.say(none, "このブラウザではパスキーを使えません。別のブラウザで開いてください。"),
    );
    out.raw("\"></p>\n</section>\n");
}

/// The newest judgement: one word, one sentence, why, what to do, the ladder, every check.
fn verdict(out: &mut Html, view: &View<'_>) {
    let View { session, language, .. } = *view;
    let Some(report) = &session.report else { return };
    let decision = json::text(report, "decision").unwrap_or_default();
    let (class, word) = match (session.state, decision) {
        (State::Presented, _) => {
            ("undetermined", language.say("More is needed", "追加の確認が必要です"))
        }
        (_, "accept") => ("accept", language.say("✓ Accepted", "✓ 受け入れました")),
        (_, "reject") => ("reject", language.say("✗ Rejected", "✗ 受け入れられません")),
        _ => ("undetermined", language.say("? Cannot tell", "? 判断できません")),
    };
    out.raw("<section class=\"verdict ").raw(class).raw("\" aria-labelledby=\"stands\">\n");
    out.raw("<h2 id=\"stands\">").own(word).raw("</h2>\n");
    let checks = report.get("checks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let deciding: Vec<&Value> = checks.iter().filter(|line| line.get("remedy").is_some()).collect();
    if decision == "accept" {
        out.raw("<p>").own(
            language
                .say("What was presented answers what was asked.", "提示は求めに応えています。"),
        );
        out.raw("</p>\n");
    } else {
        out.raw("<ul class=\"why\">\n");
        for line in deciding {
            out.raw("<li>").text(message(line, language));
            if let Some(number) = json::text(line, "number") {
                out.raw(" <span class=\"soft\">").own(number).raw("</span>");
            }
            // While a passkey is asked for, that is the remedy.
            let waits = session.state == State::Presented;
            if let Some(remedy) = json::text(line, "remedy").filter(|_| !waits) {
                out.raw("<br><span class=\"soft\">");
                out.own(language.say("What to do: ", "対処: ")).text(remedy).raw("</span>");
            }
            out.raw("</li>\n");
        }
        out.raw("</ul>\n");
    }
    let level =
        |name: &str| report.pointer(&format!("/assurance/aal/{name}")).and_then(Value::as_str);
    if let Some((svg, sentence)) =
        level("required").zip(level("achieved")).and_then(|(a, b)| ladder::svg(a, b, language))
    {
        out.raw("<figure>\n<figcaption>").own(&sentence).raw("</figcaption>\n").raw(&svg);
        out.raw("</figure>\n");
    }
    out.raw("<details>\n<summary>").own(language.say("Every check", "すべての検査"));
    out.raw("</summary>\n<ul class=\"checks\">\n");
    for line in checks {
        let (mark, words) = match json::text(line, "status") {
            Some("pass") => ("✓", language.say("holds", "適合")),
            Some("fail") => ("✗", language.say("does not hold", "不適合")),
            Some("unknown") => ("!", language.say("cannot tell", "不明")),
            _ => ("–", language.say("not judged", "対象外")),
        };
        out.raw("<li>").own(mark).own(" ").own(words).own(" · ");
        out.text(json::text(line, "check").unwrap_or_default());
        let called = line.get("evidence").and_then(|found| type_name(found, language.tag()));
        if let Some(name) = called {
            out.own(": ").text(name);
        }
        let said = message(line, language);
        if !said.is_empty() {
            out.own(": ").text(said);
        }
        out.raw("</li>\n");
    }
    out.raw("</ul>\n</details>\n</section>\n");
}

fn message(line: &Value, language: Language) -> &str {
    let said = |tag: &str| line.get("message").and_then(|message| json::text(message, tag));
    said(language.tag()).or_else(|| said("en")).unwrap_or_default()
}

/// `2026-06-14T09:00:00Z` as people read it.
fn moment(time: &str) -> String {
    time.replacen('T', " ", 1).replacen('Z', " UTC", 1)
}
