//! What a desk keeps: sessions, passkeys, the newest metadata it has seen. Every file is whole after a crash, and for its owner alone.
//!
//! In scope: names, order of writing, locks. Out of scope: what may be written (`handlers`).
//!
//! Order: first the counter of a passkey, then the verdict that rests on its answer. A crash between the two loses a verdict, and never lets a
//! counter go back. A nonce is used up by the file of its session, before anybody is answered.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use inkan_core::{Timestamp, json, sha256};
use inkan_evidence::webauthn::{self, Registration};
use inkan_io::files::{self, Access, FolderLock};
use serde_json::json;

use super::session::{LIMIT, Opened, Session, id_of};
use super::{DeskError, DeskOptions, Place};

/// For how many seconds a session can be asked for: a day.
const KEPT: i64 = 86_400;
/// The most passkeys of one holder.
pub(super) const PASSKEYS: usize = 8;
/// The file that says where the pages are.
const PLACE: &str = "desk.json";
/// The file with the number of the newest metadata.
const NEWEST: &str = "metadata.json";
/// The fewest characters that name a passkey.
const NAMED: usize = 8;

/// A folder of a desk.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    turn: Mutex<()>,
}

/// As long as it is held nobody else changes anything, in this process or another.
#[derive(Debug)]
pub(super) struct Held<'a> {
    _turn: MutexGuard<'a, ()>,
    _lock: FolderLock,
}

impl Store {
    /// Whether a desk was open in this folder.
    #[must_use]
    pub fn is_one(folder: &Path) -> bool {
        folder.join(PLACE).is_file()
    }

    /// Opens the folder, and makes what is missing. A folder of something else is left as it is.
    ///
    /// # Errors
    ///
    /// [`DeskError::File`].
    pub fn open(folder: &Path) -> Result<Self, DeskError> {
        let is_ours = Self::is_one(folder) || folder.join("sessions").is_dir();
        // What is in no folder, or cannot be listed, is for what comes next to say.
        let mut inside = std::fs::read_dir(folder).into_iter().flatten();
        if !is_ours && inside.next().is_some() {
            let detail = "it holds something else: a desk has a folder of its own";
            return Err(DeskError::Kept { path: folder.to_path_buf(), detail });
        }
        for part in [folder.to_path_buf(), folder.join("sessions"), folder.join("passkeys")] {
            files::create_folder(&part, Access::Private)?;
            files::close_to_others(&part)?;
        }
        Ok(Self { folder: folder.to_path_buf(), turn: Mutex::new(()) })
    }

    /// Says where the pages are, so that another process of the same owner can open sessions.
    ///
    /// # Errors
    ///
    /// [`DeskError::File`].
    pub fn announce(&self, place: &Place, options: &DeskOptions) -> Result<(), DeskError> {
        let text = json!({ "type": "inkan-desk/1", "base": place.base, "asker": options.asker });
        let path = self.folder.join(PLACE);
        Ok(files::write_atomic(&path, text.to_string().as_bytes(), Access::Private)?)
    }

    /// Where the pages are, and who asks there; none if the desk was never open.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub fn announced(&self) -> Result<Option<(Place, String)>, DeskError> {
        let path = self.folder.join(PLACE);
        let Some(bytes) = files::read_optional(&path, LIMIT)? else { return Ok(None) };
        let wrong =
            || DeskError::Kept { path: path.clone(), detail: "not what a desk says of itself" };
        let value = json::parse(&bytes, LIMIT).map_err(|_| wrong())?;
        let base = json::text(&value, "base").ok_or_else(wrong)?;
        let asker = json::text(&value, "asker").ok_or_else(wrong)?;
        Ok(Some((Place::of(base)?, asker.to_owned())))
    }

    /// Waits until nobody else changes anything, for two seconds at most if that is another process.
    pub(super) fn hold(&self) -> Result<Held<'_>, DeskError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Held { _turn: turn, _lock: files::try_lock(&self.folder)? })
    }

    /// Keeps a session that was opened, and forgets those of the day before.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub fn add(&self, opened: &Opened, now: Timestamp) -> Result<(), DeskError> {
        let _held = self.hold()?;
        self.forget(now)?;
        self.put(&opened.session)
    }

    /// Forgets the sessions of the day before, and what was presented in one that nobody answered in time.
    fn forget(&self, now: Timestamp) -> Result<(), DeskError> {
        for id in files::list(&self.folder.join("sessions"), ".json")? {
            // What cannot be read is left for its owner to look at.
            let Ok(Some(mut session)) = self.read(&id) else { continue };
            if session.age(now) > KEPT {
                files::remove(&self.path_of(&id))?;
            } else if session.has_ended(now) && session.presentation.take().is_some() {
                self.put(&session)?;
            }
        }
        Ok(())
    }

    /// The same, of a desk that opens.
    pub(super) fn tidy(&self, now: Timestamp) -> Result<(), DeskError> {
        let _held = self.hold()?;
        self.forget(now)
    }

    /// Writes a session; it is on the disk when this returns.
    pub(super) fn put(&self, session: &Session) -> Result<(), DeskError> {
        let path = self.path_of(session.id());
        Ok(files::write_atomic(&path, &session.to_bytes(), Access::Private)?)
    }

    /// The session of a URL.
    pub(super) fn of_secret(
        &self,
        secret: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, DeskError> {
        self.session(&id_of(secret), now)
    }

    /// The session of this id; none once its day is over.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub fn session(&self, id: &str, now: Timestamp) -> Result<Option<Session>, DeskError> {
        Ok(self.read(id)?.filter(|session| session.age(now) <= KEPT))
    }

    fn read(&self, id: &str) -> Result<Option<Session>, DeskError> {
        if id.len() != 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let path = self.path_of(id);
        let Some(bytes) = files::read_optional(&path, LIMIT)? else { return Ok(None) };
        let session = Session::parse(&bytes).filter(|session| session.id() == id);
        session.map(Some).ok_or(DeskError::Kept { path, detail: "not a session of a desk" })
    }

    /// The passkeys of a holder's key.
    pub(super) fn passkeys(&self, holder: &str, jkt: &str) -> Result<Vec<Registration>, DeskError> {
        let of = owner(holder, jkt);
        let mut out = Vec::new();
        for name in files::list(&self.passkey_folder(), ".json")? {
            if name.starts_with(&of) {
                let path = self.passkey_folder().join(format!("{name}.json"));
                let bytes = files::read(&path, webauthn::LIMIT)?;
                let read = Registration::parse(&bytes)
                    .map_err(|_| DeskError::Kept { path, detail: "not a registration" })?;
                out.push(read);
            }
        }
        Ok(out)
    }

    /// Every passkey of the desk with the name it is forgotten by: SHA-256 of its credential, in hexadecimal.
    ///
    /// # Errors
    ///
    /// [`DeskError`].
    pub fn all_passkeys(&self) -> Result<Vec<(String, Registration)>, DeskError> {
        let mut out = Vec::new();
        for name in files::list(&self.passkey_folder(), ".json")? {
            let path = self.passkey_folder().join(format!("{name}.json"));
            let Some(bytes) = files::read_optional(&path, webauthn::LIMIT)? else { continue };
            let read = Registration::parse(&bytes)
                .map_err(|_| DeskError::Kept { path, detail: "not a registration" })?;
            out.push((sha256(&[read.credential_id()]).to_hex(), read));
        }
        Ok(out)
    }

    /// Forgets the one passkey whose name begins so, with eight characters at least. Whoever answers at this moment waits.
    ///
    /// # Errors
    ///
    /// [`DeskError::PasskeyUnknown`] if there is none, or more than one; what else keeps the desk from it.
    pub fn forget_passkey(&self, begin: &str) -> Result<Registration, DeskError> {
        let unknown = || DeskError::PasskeyUnknown { name: begin.chars().take(64).collect() };
        if begin.len() < NAMED {
            return Err(unknown());
        }
        let _held = self.hold()?;
        let mut found: Vec<_> =
            self.all_passkeys()?.into_iter().filter(|(name, _)| name.starts_with(begin)).collect();
        let Some((name, passkey)) = found.pop().filter(|_| found.is_empty()) else {
            return Err(unknown());
        };
        let of = owner(passkey.holder(), passkey.jkt());
        files::remove(&self.passkey_folder().join(format!("{of}-{name}.json")))?;
        Ok(passkey)
    }

    /// Whether an authenticator's credential is registered, to whomever (WebAuthn §7.1 step 26).
    pub(super) fn is_registered(&self, credential_id: &[u8]) -> Result<bool, DeskError> {
        let end = sha256(&[credential_id]).to_hex();
        let names = files::list(&self.passkey_folder(), ".json")?;
        Ok(names.iter().any(|name| name.ends_with(&end)))
    }

    /// Writes a passkey, new or with a new counter.
    pub(super) fn put_passkey(&self, passkey: &Registration) -> Result<(), DeskError> {
        let of = owner(passkey.holder(), passkey.jkt());
        let name = format!("{of}-{}.json", sha256(&[passkey.credential_id()]).to_hex());
        let text = passkey.to_value().to_string();
        let path = self.passkey_folder().join(name);
        Ok(files::write_atomic(&path, text.as_bytes(), Access::Private)?)
    }

    /// The number of the newest metadata that was ever used.
    pub(super) fn newest(&self) -> Result<u64, DeskError> {
        let path = self.folder.join(NEWEST);
        let Some(bytes) = files::read_optional(&path, LIMIT)? else { return Ok(0) };
        let value = json::parse(&bytes, LIMIT).ok();
        let number = value
            .as_ref()
            .and_then(|value| value.get("newest"))
            .and_then(serde_json::Value::as_u64);
        number.ok_or(DeskError::Kept { path, detail: "not the number of metadata" })
    }

    pub(super) fn put_newest(&self, number: u64) -> Result<(), DeskError> {
        let text = json!({ "newest": number }).to_string();
        let path = self.folder.join(NEWEST);
        Ok(files::write_atomic(&path, text.as_bytes(), Access::Private)?)
    }

    fn path_of(&self, id: &str) -> PathBuf {
        self.folder.join("sessions").join(format!("{id}.json"))
    }

    fn passkey_folder(&self) -> PathBuf {
        self.folder.join("passkeys")
    }
}

/// Whose a passkey is, as file names say it.
fn owner(holder: &str, jkt: &str) -> String {
    sha256(&[holder.as_bytes(), &[0], jkt.as_bytes()]).to_hex()
}
