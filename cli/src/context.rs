//! What a command is given: options, folders, configuration, the profile, the time.

mod token;

use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use inkan_core::{Timestamp, limits};
use inkan_io::clock::{Clock as _, OsClock, SteppingClock};
use inkan_io::files::{self, Access, FileError};
use inkan_io::http::PlainHttp;
use inkan_io::ledger_source::LedgerPlace;
use inkan_io::node_client::NodeToken;
use inkan_io::profile::{OwnDid, Profile};
use inkan_ledger::LogPolicy;
use serde_json::json;

use crate::args::{GlobalArgs, OutArgs};
use crate::config::{Config, Folders, ProfileSettings, Project};
use crate::env;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::ledgers;
use crate::output::{Speech, World};
use crate::prompt::{self, Asking};

use token::GivenToken;
pub(crate) use token::with_token_of;

/// Options, folders, configuration; what a run used is noted in `world` for the JSON answer.
#[derive(Debug)]
pub(crate) struct Context {
    /// How this run speaks.
    pub(crate) speech: Speech,
    /// Where things lie.
    pub(crate) folders: Folders,
    /// `config.toml`.
    pub(crate) config: Config,
    /// What the JSON answer says of this run.
    pub(crate) world: World,
    /// Whether questions may be asked.
    pub(crate) asking: Asking,
    global: GlobalArgs,
    project: Project,
    /// The token of this run, once it was read.
    given: OnceCell<Arc<GivenToken>>,
    /// A clock that a story moves; the system's where there is none.
    clock: Option<Rc<SteppingClock>>,
}

/// An open profile.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// What `init` settled.
    pub(crate) settings: ProfileSettings,
    /// Its folder.
    pub(crate) profile: Profile,
    /// The ledger of this run.
    pub(crate) ledger: LedgerPlace,
    /// The log that the profile began with, and where it is; `settings.origin` is that of this run.
    began: (String, String),
    /// Whether plain http may leave this machine.
    plain: PlainHttp,
    /// The token of this run: it goes to the ledger that is written.
    given: Option<Arc<GivenToken>>,
}

impl Home {
    /// The profile's name.
    pub(crate) fn name(&self) -> &str {
        self.profile.name()
    }

    /// The same profile at another log; `None` if it does not know where that log is.
    pub(crate) fn at_log(&self, origin: &str) -> Result<Option<Self>, Failure> {
        match self.place_of(origin)? {
            Some(place) => Ok(Some(self.at(origin, self.parse_place(&place)?))),
            None => Ok((origin == self.settings.origin).then(|| self.clone())),
        }
    }

    /// The same profile with the log `origin` at this place.
    pub(crate) fn at(&self, origin: &str, ledger: LedgerPlace) -> Self {
        let settings = ProfileSettings { origin: origin.to_owned(), ..self.settings.clone() };
        Self { settings, ledger, ..self.clone() }
    }

    /// The same, at a ledger that is written: it is the one that the token of this run is for, if there is one.
    pub(crate) fn written(mut self) -> Result<Self, Failure> {
        if let Some(given) = &self.given {
            self.ledger = given.attach(self.ledger)?;
        }
        Ok(self)
    }

    /// The same, at a ledger that the token of this run is never sent to.
    pub(crate) fn without_token(self) -> Self {
        Self { given: None, ..self }
    }

    /// Where a log is, as `--ledger` takes it.
    pub(crate) fn place_of(&self, origin: &str) -> Result<Option<String>, Failure> {
        let (first, place) = &self.began;
        if origin == first {
            return Ok(Some(place.clone()));
        }
        // A name that no log can have is nowhere.
        Ok(self.profile.log_place(origin).ok().flatten())
    }

    /// The log where one of our DIDs is at home.
    pub(crate) fn log_of<'a>(&'a self, own: &'a OwnDid) -> &'a str {
        own.log.as_deref().unwrap_or(&self.began.0)
    }

    /// The log that the profile began with.
    pub(crate) fn first_log(&self) -> &str {
        &self.began.0
    }

    /// Reads a place as `--ledger` does.
    pub(crate) fn parse_place(&self, text: &str) -> Result<LedgerPlace, Failure> {
        Ok(LedgerPlace::parse(text, self.plain)?)
    }

    /// The policies of logs that this profile trusts, with the certificates of timestamp authorities that lie beside them.
    pub(crate) fn pinned(&self) -> Result<Vec<LogPolicy>, Failure> {
        let anchors = Arc::new(self.profile.anchors()?);
        let read = |(origin, text): (String, String)| {
            LogPolicy::parse(&text)
                .map(|policy| policy.checking_tokens(anchors.clone()))
                .map_err(|error| Failure::from(error).during(format!("logs/{origin}.policy")))
        };
        self.profile.pinned_logs()?.into_iter().map(read).collect()
    }
}

impl Context {
    /// Reads the configuration.
    pub(crate) fn new(global: GlobalArgs, speech: Speech) -> Result<Self, Failure> {
        let folders = Folders::locate()?;
        let config = Config::load(&folders)?;
        let asking = Asking::new(global.no_input);
        let project = Project::load()?;
        let world = World::default();
        let given = OnceCell::new();
        Ok(Self { speech, folders, config, world, asking, global, project, given, clock: None })
    }

    /// A run inside a story: in the story's folders, on its clock, and deaf to the working folder.
    pub(crate) fn staged(
        global: GlobalArgs,
        speech: Speech,
        folders: Folders,
        clock: Rc<SteppingClock>,
    ) -> Result<Self, Failure> {
        let config = Config::load(&folders)?;
        let asking = Asking::new(global.no_input);
        let (world, project, given) = (World::default(), Project::default(), OnceCell::new());
        let clock = Some(clock);
        Ok(Self { speech, folders, config, world, asking, global, project, given, clock })
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(|| OsClock.now(), |clock| clock.now())
    }

    /// The profile that was named: flag, environment, project, default; the only one, if there is only one.
    pub(crate) fn profile_name(&self) -> Option<String> {
        self.asked_profile().or_else(|| self.config.default.clone())
    }

    /// The same, as far as somebody said it for this run or this folder.
    fn asked_profile(&self) -> Option<String> {
        let named = self.global.profile.clone().or_else(env::profile);
        named.or_else(|| self.project.profile.clone())
    }

    /// Opens the profile of this run.
    pub(crate) fn home(&mut self) -> Result<Home, Failure> {
        let name = self.profile_name().ok_or(CliError::ProfileMissing)?;
        let settings = self.config.profiles.get(&name).cloned();
        let settings = settings.ok_or_else(|| CliError::ProfileUnknown { name: name.clone() })?;
        let profile = Profile::open(&self.folders.data.join(&name), &name)?;
        let plain = self.plain_http(settings.insecure_http);
        let (named, given) = (self.ledger_place(plain)?, self.given()?);
        let is_named = named.is_some();
        let ledger = match named {
            Some(named) => named,
            None => LedgerPlace::parse(&settings.ledger, plain)?,
        };
        // The token that a profile keeps is for its own node, and goes to no other.
        let own = LedgerPlace::parse(&settings.ledger, plain).is_ok_and(|own| own == ledger);
        let ledger = match (&given, settings.ledger_token_file.as_deref().filter(|_| own)) {
            (Some(_), _) if is_named => ledger,
            // Where there is but one ledger there is no doubt; of several it is for the one that is written.
            (Some(given), _) if !is_spread(&profile)? => given.attach(ledger)?,
            (_, Some(kept)) if ledger.folder().is_none() => {
                ledger.with_token(NodeToken::read(Path::new(kept))?)?
            }
            (_, _) => ledger,
        };
        ledgers::warn_if_exposed(&ledger, self.speech);
        let unasked = self.asked_profile().is_none() && self.config.profiles.len() > 1;
        if unasked && self.world.profile.is_none() {
            self.speech.say(&format!("profile {name}, the default of several: -p names another"));
        }
        self.world.profile = Some(name);
        self.note_ledger(&settings.origin, &ledger);
        let began = (settings.origin.clone(), settings.ledger.clone());
        Ok(Home { settings, profile, ledger, began, plain, given })
    }

    /// Opens the profile at the log where one of our DIDs is at home: what it signs is recorded there, and nowhere else. Without a
    /// name it is the only one; a DID that is not known is left to whoever asks for it.
    ///
    /// # Errors
    ///
    /// Another ledger was named than that of its home; it is on its way from one log to another.
    pub(crate) fn home_of(&mut self, named: Option<&str>) -> Result<Home, Failure> {
        let home = self.home()?;
        match identity::own(&home, named) {
            Ok(own) => self.settled(&home, &own),
            Err(_) => Ok(home),
        }
    }

    /// The same of a DID that was looked up.
    pub(crate) fn settled(&mut self, home: &Home, own: &OwnDid) -> Result<Home, Failure> {
        if let Some(to) = &own.moving {
            let (name, place) =
                (own.name.clone(), home.place_of(to)?.unwrap_or_else(|| to.clone()));
            let (from, profile) = (home.log_of(own).to_owned(), home.name().to_owned());
            return Err(
                CliError::MoveUnfinished { name, from, to: to.clone(), place, profile }.into()
            );
        }
        self.at_home(home, own)
    }

    /// The same, of a DID that may be on its way.
    pub(crate) fn at_home(&mut self, home: &Home, own: &OwnDid) -> Result<Home, Failure> {
        let origin = home.log_of(own).to_owned();
        let has_log = own.next_key.is_some();
        let there = if self.global.ledger.is_some() && has_log {
            self.check_named(home, own, &origin)?;
            home.at(&origin, home.ledger.clone())
        } else if own.log.is_none() {
            return home.clone().written();
        } else {
            let unknown = || CliError::LogPlaceUnknown { origin: origin.clone() };
            home.at_log(&origin)?.ok_or_else(unknown)?.written()?
        };
        if there.ledger != home.ledger {
            ledgers::warn_if_exposed(&there.ledger, self.speech);
        }
        self.note_ledger(&origin, &there.ledger);
        Ok(there)
    }

    /// That the ledger of `--ledger` is the one where the DID is at home.
    fn check_named(&self, home: &Home, own: &OwnDid, origin: &str) -> Result<(), Failure> {
        let known = home.place_of(origin)?.map(|place| home.parse_place(&place)).transpose()?;
        if known.as_ref() == Some(&home.ledger) || !home.ledger.is_present() {
            return Ok(());
        }
        let given = ledgers::origin_at(&home.ledger, home, self.now())?;
        if given == origin {
            return Ok(());
        }
        let place = home.place_of(origin)?.unwrap_or_else(|| origin.to_owned());
        let (name, home) = (own.name.clone(), origin.to_owned());
        Err(CliError::LedgerNotHome { name, home, given, place }.into())
    }

    /// The profile of this run, for commands that can do without one.
    pub(crate) fn home_if_any(&mut self) -> Result<Option<Home>, Failure> {
        if self.profile_name().is_none() { Ok(None) } else { self.home().map(Some) }
    }

    /// The ledger named by flag or project.
    pub(crate) fn ledger_place(&self, plain: PlainHttp) -> Result<Option<LedgerPlace>, Failure> {
        let named = self.global.ledger.clone().or_else(|| self.project.ledger.clone());
        let Some(text) = named else { return Ok(None) };
        let place = LedgerPlace::parse(&text, plain)?;
        if looks_like_address(&text) && place.folder().is_some_and(|folder| !folder.exists()) {
            let usage = format!(
                "--ledger {text}: is that a node? Then http://{text} or https://{text}; a folder of that name is ./{text}"
            );
            return Err(CliError::Usage(usage).into());
        }
        match self.given()? {
            Some(given) => given.attach(place).map(Some),
            None => Ok(Some(place)),
        }
    }

    /// The token of this run, if one was given.
    fn given(&self) -> Result<Option<Arc<GivenToken>>, Failure> {
        let Some(file) = self.global.ledger_token_file.as_deref() else { return Ok(None) };
        if let Some(given) = self.given.get() {
            return Ok(Some(Arc::clone(given)));
        }
        let read = Arc::new(GivenToken::read(file)?);
        Ok(Some(Arc::clone(self.given.get_or_init(|| read))))
    }

    /// Says that a token which was given went to nobody: who gives one relies on it. What was done is done, so its outcome stands.
    pub(crate) fn warn_of_unused_token(&self) {
        let is_used = || self.given.get().is_some_and(|given| given.is_used());
        if self.global.ledger_token_file.is_some() && !is_used() {
            self.speech.warn("--ledger-token-file went to no ledger: this wrote to none, and your DIDs live in several; name the node with --ledger");
        }
    }

    /// Whether a token is given, and not to a ledger by name.
    pub(crate) fn has_loose_token(&self) -> bool {
        self.global.ledger_token_file.is_some() && self.global.ledger.is_none()
    }

    /// Where the token of this run is kept, for a profile to find it from anywhere.
    pub(crate) fn ledger_token_file(&self) -> Result<Option<String>, Failure> {
        let Some(file) = &self.global.ledger_token_file else { return Ok(None) };
        let path = std::path::absolute(file)
            .map_err(|error| CliError::Usage(format!("--ledger-token-file {file}: {error}")))?;
        Ok(Some(path.display().to_string()))
    }

    /// Whether plain http may leave this machine: only if somebody said so, now or at `init`.
    pub(crate) const fn plain_http(&self, settled: bool) -> PlainHttp {
        if self.global.insecure_http || settled { PlainHttp::Anywhere } else { PlainHttp::Loopback }
    }

    /// Notes which ledger is used, for the JSON answer.
    pub(crate) fn note_ledger(&mut self, origin: &str, place: &LedgerPlace) {
        let member = if place.folder().is_some() { "path" } else { "url" };
        self.world.ledger = Some(json!({ "origin": origin, member: place.to_string() }));
    }

    /// The file with the keystore's passphrase, if one is named.
    pub(crate) fn passphrase_file(&self) -> Option<String> {
        self.global.passphrase_file.clone().or_else(env::passphrase_file)
    }

    /// Whether a ledger was named for this run, by a flag or for this folder.
    pub(crate) const fn names_ledger(&self) -> bool {
        self.global.ledger.is_some() || self.project.ledger.is_some()
    }

    /// Reads the input of a command: a file, or standard input for `-` and nothing.
    pub(crate) fn input(&self, file: Option<&str>) -> Result<Input, Failure> {
        let bytes = match file {
            Some(path) if path != "-" => files::read(Path::new(path), limits::BUNDLE)?,
            named => {
                let waiting = std::io::IsTerminal::is_terminal(&std::io::stdin());
                if waiting && named.is_none() {
                    return Err(CliError::InputMissing.into());
                }
                files::read_stdin(limits::BUNDLE)?
            }
        };
        let name = file.filter(|path| *path != "-").unwrap_or("standard input");
        Ok(Input { name: name.to_owned(), bytes })
    }

    /// Refuses an `--out` that cannot be written, before anything is recorded for it. A file that is there is not
    /// replaced unless somebody says so: at the prompt, or with `--force`.
    pub(crate) fn check_out(&self, out: &OutArgs) -> Result<(), Failure> {
        self.check_file(out.path(), out.existing())
    }

    /// The same of a file that another option names.
    pub(crate) fn check_file(&self, path: Option<&str>, existing: Existing) -> Result<(), Failure> {
        let Some(path) = path.filter(|path| *path != "-").map(Path::new) else {
            return Ok(());
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        if !folder.is_dir() || path.is_dir() {
            return Err(FileError::Missing { path: folder.to_path_buf() }.into());
        }
        // Pipes and devices (/dev/stdout, /dev/fd/3) are written to, not replaced.
        if existing == Existing::Replace || !path.is_file() {
            return Ok(());
        }
        let name = path.display();
        if self.asking == Asking::Forbidden {
            return Err(CliError::OutExists { path: name.to_string() }.into());
        }
        Ok(prompt::confirm(self.asking, &format!("{name} exists; replace it?"))?)
    }

    /// Puts a result where it belongs: into the file of `--out`, or on standard output (the text that is returned).
    pub(crate) fn deliver(&self, text: String, out: Option<&str>) -> Result<String, Failure> {
        let Some(path) = out.filter(|path| *path != "-") else { return Ok(text) };
        files::write_atomic(Path::new(path), text.as_bytes(), Access::Private)?;
        self.speech.say(&format!("wrote {path}"));
        Ok(String::new())
    }
}

/// Whether a DID of this profile lives elsewhere than in its first ledger, or is on its way.
fn is_spread(profile: &Profile) -> Result<bool, Failure> {
    let owns = profile.all::<OwnDid>()?;
    Ok(owns.iter().any(|(_, own)| own.log.is_some() || own.moving.is_some()))
}

/// What becomes of a file that is where a result shall go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Existing {
    /// It is kept, unless somebody at the terminal says otherwise.
    Keep,
    /// It is replaced.
    Replace,
}

/// What a command read.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// What to call it.
    pub(crate) name: String,
    /// Its bytes, at most as many as a bundle may have.
    pub(crate) bytes: Vec<u8>,
}

/// Whether a text without a scheme is more likely `host:port` than a folder.
fn looks_like_address(text: &str) -> bool {
    let port = |digits: &str| digits.parse::<u16>().is_ok();
    !text.contains(['/', '\\']) && text.rsplit_once(':').is_some_and(|(_, digits)| port(digits))
}
