//! Active contexts: what terms mean at one place of a document, and how `@context` changes that
//! ([JSON-LD 1.1 API §4.1 and §5.2](https://www.w3.org/TR/2020/REC-json-ld11-api-20200716/#context-processing-algorithm)).
//!
//! The numbers in comments are those of the algorithms' steps. Term definitions are made in `term`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use super::Processor;
use super::error::{RdfcError, broken};
use super::iri;
use super::store::{Step, Usage};
use super::term::{Environment, Scope, Term};

/// What terms mean; shared, never changed once it is made.
#[derive(Debug, Default)]
pub(super) struct Context {
    id: u64,
    pub(super) terms: BTreeMap<Arc<str>, Arc<Term>>,
    pub(super) base: Option<Arc<str>>,
    root_base: Option<Arc<str>>,
    pub(super) vocab: Option<Arc<str>>,
    pub(super) language: Option<Arc<str>>,
    pub(super) direction: Option<Direction>,
    pub(super) previous: Option<Arc<Self>>,
}

/// Base direction of text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    Ltr,
    Rtl,
}

impl Direction {
    pub(super) fn parse(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("ltr") => Some(Self::Ltr),
            Some("rtl") => Some(Self::Rtl),
            _ => None,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ltr => "ltr",
            Self::Rtl => "rtl",
        }
    }
}

/// In which ways a relative text is completed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Relative {
    /// To the document's address (`@id`).
    Document,
    /// To the vocabulary (terms).
    Vocabulary,
    /// To the vocabulary, else to the document's address (`@type`).
    Both,
}

/// How a context is applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flags {
    pub(super) override_protected: bool,
    pub(super) propagate: bool,
    pub(super) validate: bool,
}

impl Flags {
    pub(super) const PLAIN: Self =
        Self { override_protected: false, propagate: true, validate: true };
}

/// Where a context comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// To which relative URLs of contexts refer.
    pub(super) base_url: Option<&'a str>,
    /// The URLs of the contexts around it.
    pub(super) remote: &'a [String],
}

/// Contexts that name each other deeper than this are refused (§4.1.2, step 5.2.3).
const REMOTE_LIMIT: usize = 16;

impl Context {
    /// The context before any was applied, in a document at `base`.
    pub(super) fn root(base: Option<&str>) -> Self {
        let base: Option<Arc<str>> = base.map(Into::into);
        let id = if base.is_some() { fresh() } else { 0 };
        Self { id, root_base: base.clone(), base, ..Self::default() }
    }

    /// A copy to be changed.
    fn fork(&self) -> Self {
        Self {
            id: fresh(),
            terms: self.terms.clone(),
            base: self.base.clone(),
            root_base: self.root_base.clone(),
            vocab: self.vocab.clone(),
            language: self.language.clone(),
            direction: self.direction,
            previous: self.previous.clone(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.terms.len()
    }

    pub(super) fn term(&self, name: &str) -> Option<&Arc<Term>> {
        self.terms.get(name)
    }

    /// §5.2.2 without a local context. `None` is the null of the specification.
    pub(super) fn expand_iri<'a>(
        &'a self,
        value: &'a str,
        relative: Relative,
    ) -> Option<Cow<'a, str>> {
        // 1, 2
        if value.starts_with('@') {
            if is_keyword(value) {
                return Some(value.into());
            }
            if has_keyword_form(value) {
                return None;
            }
        }
        // 4, 5
        if let Some(term) = self.term(value) {
            let meant = term.iri.as_deref();
            if meant.is_some_and(is_keyword) || relative != Relative::Document {
                return meant.map(Into::into);
            }
        }
        // 6
        if let Some((prefix, suffix)) = split_compact(value) {
            if prefix == "_" || suffix.starts_with("//") {
                return Some(value.into());
            }
            if let Some(term) = self.term(prefix).filter(|term| term.prefix)
                && let Some(start) = &term.iri
            {
                return Some(format!("{start}{suffix}").into());
            }
            if iri::is_absolute(value) {
                return Some(value.into());
            }
        }
        // 7
        if relative != Relative::Document
            && let Some(vocab) = &self.vocab
        {
            return Some(format!("{vocab}{value}").into());
        }
        // 8
        if relative != Relative::Vocabulary
            && let Some(base) = &self.base
        {
            return Some(iri::resolve(base, value).into());
        }
        Some(value.into())
    }

    /// Whether a member of that name stands for `keyword`.
    pub(super) fn names(&self, name: &str, keyword: &str) -> bool {
        if name.starts_with('@') {
            return name == keyword;
        }
        self.term(name).is_some_and(|term| term.iri.as_deref() == Some(keyword))
    }
}

fn fresh() -> u64 {
    // Numbers name contexts in what is remembered; nothing that is written depends on them.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A number that no other scoped context has.
pub(super) fn fresh_scope() -> u64 {
    fresh()
}

impl Processor<'_> {
    /// Applies the `@context` of an object in the document. Each of its entries is looked up first: a context that was
    /// processed on the same ground before is not processed again.
    pub(super) fn apply_document(
        &mut self,
        active: &Arc<Context>,
        local: &Value,
    ) -> Result<Arc<Context>, RdfcError> {
        let mut result = Arc::clone(active);
        for entry in entries(local) {
            let text: String;
            let step = match entry.as_str() {
                Some(url) => Step::Remote(url),
                None => {
                    text = entry.to_string();
                    Step::Inline(&text)
                }
            };
            let known = self.contexts.recall(result.id, &step);
            result = match known {
                Some(known) => known,
                None => {
                    self.contexts.check_inline(entry)?;
                    let base_url = self.base.clone();
                    let source = Source { base_url: base_url.as_deref(), remote: &[] };
                    let next = self.process(&result, entry, source, Flags::PLAIN)?;
                    self.contexts.remember(result.id, &step, &next);
                    next
                }
            };
        }
        Ok(result)
    }

    /// Applies the scoped context of a term.
    pub(super) fn apply_scoped(
        &mut self,
        active: &Arc<Context>,
        scope: &Scope,
        usage: Usage,
    ) -> Result<Arc<Context>, RdfcError> {
        let step = Step::Scoped(usage, scope.id);
        if let Some(known) = self.contexts.recall(active.id, &step) {
            return Ok(known);
        }
        let flags = match usage {
            Usage::Property => Flags { override_protected: true, ..Flags::PLAIN },
            Usage::Type => Flags { propagate: false, ..Flags::PLAIN },
        };
        let source = Source { base_url: scope.base_url.as_deref(), remote: &[] };
        let next = self.process(active, &scope.local, source, flags)?;
        self.contexts.remember(active.id, &step, &next);
        Ok(next)
    }

    /// §4.1.2, the context processing algorithm.
    pub(super) fn process(
        &mut self,
        active: &Arc<Context>,
        local: &Value,
        source: Source<'_>,
        flags: Flags,
    ) -> Result<Arc<Context>, RdfcError> {
        // 2
        let propagate = match local.get("@propagate") {
            None => flags.propagate,
            Some(Value::Bool(propagate)) => *propagate,
            Some(_) => return Err(broken("invalid @propagate value")),
        };
        // 3
        let mut result = Arc::clone(active);
        if !propagate && active.previous.is_none() {
            let mut fork = self.fork(active)?;
            fork.previous = Some(Arc::clone(active));
            result = Arc::new(fork);
        }
        // 4, 5
        for entry in entries(local) {
            result = match entry {
                Value::Null => nullified(&result, Flags { propagate, ..flags })?,
                Value::String(url) => self.process_remote(&result, url, source, flags)?,
                Value::Object(members) => {
                    if let Some(within) = self.contexts.unwrapped(members) {
                        result = self.process(&result, within, source, flags)?;
                        continue;
                    }
                    let mut fork = self.fork(&result)?;
                    self.process_definition(&mut fork, members, source, flags)?;
                    Arc::new(fork)
                }
                Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                    return Err(broken("invalid local context"));
                }
            };
        }
        Ok(result)
    }

    /// A copy, paid for.
    pub(super) fn fork(&mut self, context: &Context) -> Result<Context, RdfcError> {
        self.work.spend(context.len())?;
        Ok(context.fork())
    }

    /// Step 5.2.
    fn process_remote(
        &mut self,
        active: &Arc<Context>,
        url: &str,
        source: Source<'_>,
        flags: Flags,
    ) -> Result<Arc<Context>, RdfcError> {
        let url = absolute(url, source)?;
        if source.remote.contains(&url) {
            return if flags.validate {
                Err(broken("recursive context inclusion"))
            } else {
                Ok(Arc::clone(active))
            };
        }
        if source.remote.len() >= REMOTE_LIMIT {
            return Err(broken("context overflow"));
        }
        let loaded = self.load(&url)?;
        let mut remote = source.remote.to_vec();
        remote.push(url.clone());
        let source = Source { base_url: Some(&url), remote: &remote };
        let flags = Flags { override_protected: false, propagate: true, ..flags };
        self.process(active, &loaded, source, flags)
    }

    fn load(&mut self, url: &str) -> Result<Arc<Value>, RdfcError> {
        self.work.spend(1)?;
        self.contexts
            .get(url)
            .cloned()
            .ok_or_else(|| RdfcError::ContextUnknown { context: url.to_owned() })
    }

    /// Steps 5.5 to 5.13.
    fn process_definition(
        &mut self,
        result: &mut Context,
        members: &Map<String, Value>,
        source: Source<'_>,
        flags: Flags,
    ) -> Result<(), RdfcError> {
        // 5.5
        if let Some(version) = members.get("@version")
            && version.as_f64() != Some(1.1)
        {
            return Err(broken("invalid @version value"));
        }
        // 5.6
        let merged;
        let members = match members.get("@import") {
            None => members,
            Some(import) => {
                merged = self.import(import, members, source)?;
                &merged
            }
        };
        set_defaults(result, members, source)?;
        if members.get("@propagate").is_some_and(|value| !value.is_boolean()) {
            return Err(broken("invalid @propagate value"));
        }
        let protected = match members.get("@protected") {
            None => false,
            Some(Value::Bool(protected)) => *protected,
            Some(_) => return Err(broken("invalid @protected value")),
        };
        // 5.12, 5.13
        let environment = Environment { local: members, source, flags, protected };
        let mut defined = BTreeMap::new();
        for name in members.keys().filter(|name| !SETTINGS.contains(&name.as_str())) {
            self.define(result, name, &mut defined, &environment)?;
        }
        Ok(())
    }

    /// Step 5.6.
    fn import(
        &mut self,
        import: &Value,
        members: &Map<String, Value>,
        source: Source<'_>,
    ) -> Result<Map<String, Value>, RdfcError> {
        let url = import.as_str().ok_or_else(|| broken("invalid @import value"))?;
        let loaded = self.load(&absolute(url, source)?)?;
        let Value::Object(imported) = &*loaded else {
            return Err(broken("invalid remote context"));
        };
        if imported.contains_key("@import") {
            return Err(broken("invalid context entry"));
        }
        self.work.spend(imported.len())?;
        let mut merged = imported.clone();
        for (name, value) in members.iter().filter(|(name, _)| *name != "@import") {
            merged.insert(name.clone(), value.clone());
        }
        Ok(merged)
    }

    /// Whether something that has no place in RDF is an error.
    pub(super) fn dropped(&self, what: &'static str) -> Result<(), RdfcError> {
        if self.mode.is_safe() { Err(RdfcError::Dropped { what }) } else { Ok(()) }
    }
}

/// Step 5.1.
fn nullified(result: &Arc<Context>, flags: Flags) -> Result<Arc<Context>, RdfcError> {
    if !flags.override_protected && result.terms.values().any(|term| term.protected) {
        return Err(broken("invalid context nullification"));
    }
    let mut empty = Context::root(result.root_base.as_deref());
    if !flags.propagate {
        empty.id = fresh();
        empty.previous = Some(Arc::clone(result));
    }
    Ok(Arc::new(empty))
}

/// Steps 5.7 to 5.10: base, vocabulary, language, direction.
fn set_defaults(
    result: &mut Context,
    members: &Map<String, Value>,
    source: Source<'_>,
) -> Result<(), RdfcError> {
    // 5.7
    if let Some(base) = members.get("@base").filter(|_| source.remote.is_empty()) {
        result.base = match (base, &result.base) {
            (Value::Null, _) => None,
            (Value::String(base), _) if iri::is_absolute(base) => Some(base.as_str().into()),
            (Value::String(base), Some(old)) => Some(iri::resolve(old, base).into()),
            _ => return Err(broken("invalid base IRI")),
        };
    }
    // 5.8
    match members.get("@vocab") {
        None => {}
        Some(Value::Null) => result.vocab = None,
        Some(Value::String(vocab)) => {
            let expanded = result.expand_iri(vocab, Relative::Both);
            let expanded: Option<Arc<str>> = expanded.map(|iri| iri.as_ref().into());
            let fits = |iri: &Arc<str>| iri::is_absolute(iri) || iri.starts_with("_:");
            // A relative one without a base is kept as it is: there is nothing to complete it with.
            let expanded = expanded.filter(|iri| fits(iri) || vocab.is_empty());
            result.vocab = Some(expanded.ok_or_else(|| broken("invalid vocab mapping"))?);
        }
        Some(_) => return Err(broken("invalid vocab mapping")),
    }
    // 5.9
    match members.get("@language") {
        None => {}
        Some(Value::Null) => result.language = None,
        Some(Value::String(language)) => result.language = Some(language.as_str().into()),
        Some(_) => return Err(broken("invalid default language")),
    }
    // 5.10
    match members.get("@direction") {
        None => {}
        Some(Value::Null) => result.direction = None,
        Some(value) => {
            let direction = Direction::parse(value);
            result.direction = Some(direction.ok_or_else(|| broken("invalid base direction"))?);
        }
    }
    Ok(())
}

fn absolute(url: &str, source: Source<'_>) -> Result<String, RdfcError> {
    if iri::is_absolute(url) {
        return Ok(url.to_owned());
    }
    match source.base_url {
        Some(base) => Ok(iri::resolve(base, url)),
        None => Err(RdfcError::ContextUnknown { context: url.to_owned() }),
    }
}

/// Members of a context definition that define no term.
const SETTINGS: [&str; 8] = [
    "@base",
    "@direction",
    "@import",
    "@language",
    "@propagate",
    "@protected",
    "@version",
    "@vocab",
];

/// The keywords of JSON-LD 1.1 (§1.7 of the syntax), without those of framing.
pub(super) fn is_keyword(text: &str) -> bool {
    const KEYWORDS: [&str; 23] = [
        "@base",
        "@container",
        "@context",
        "@direction",
        "@graph",
        "@id",
        "@import",
        "@included",
        "@index",
        "@json",
        "@language",
        "@list",
        "@nest",
        "@none",
        "@prefix",
        "@propagate",
        "@protected",
        "@reverse",
        "@set",
        "@type",
        "@value",
        "@version",
        "@vocab",
    ];
    text.starts_with('@') && KEYWORDS.contains(&text)
}

/// Whether a text looks like a keyword of a version to come: `@` and letters.
pub(super) fn has_keyword_form(text: &str) -> bool {
    text.strip_prefix('@')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_alphabetic()))
}

/// Splits `prefix:suffix` at the first colon that is not the first character.
pub(super) fn split_compact(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(prefix, _)| !prefix.is_empty())
}

/// The entries of a context, one or several.
fn entries(local: &Value) -> &[Value] {
    match local {
        Value::Array(entries) => entries,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(local)
        }
    }
}
