//! What a profile judges card signatures by: one configuration, revocation lists as indexes, OCSP responses, and cards that are registered to
//! holders.
//!
//! ```text
//! jpki/config.json     the configuration, byte for byte       jpki/<digest>.crl.db   a list, as a table by serial number
//! jpki/<digest>.ocsp   a response                             cards/<digest>.json    RegisteredCard
//! ```
//!
//! In scope: keeping and finding them; a list of a million serial numbers is read and checked once, and asked afterwards. Out of scope: what follows
//! from them (`inkan_evidence::jpki`).

mod judging;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use inkan_core::{Digest, Timestamp, json, sha256};
use inkan_evidence::jpki::{
    CRL_LIMIT, CrlEntry, CrlError, CrlIndex, Jpki, JpkiConfig, JpkiConfigError, LIMIT,
};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::files::layer::FileLayer as _;
use crate::files::{self, Access, FileError, SystemFiles};
use crate::ledger_folder::StoreFailed;
use crate::profile::{Profile, ProfileError, Record, Shelf};

/// The largest OCSP response in bytes.
const OCSP_LIMIT: usize = inkan_evidence::path::LIMIT;
/// What the files of lists and of responses end with.
const LIST: &str = ".crl.db";
const RESPONSE: &str = ".ocsp";

/// What a profile judges card signatures by.
#[derive(Clone, Debug)]
pub struct Cards {
    config: JpkiConfig,
    lists: Vec<PathBuf>,
    responses: Vec<Vec<u8>>,
    registered: Vec<RegisteredCard>,
}

/// A card for logins that was registered to a holder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegisteredCard {
    /// The holder's DID.
    pub holder: String,
    /// SHA-256 of the card's certificate for logins: lifelong, so never to be shown as it is.
    pub certificate: Digest,
    /// When.
    pub at: Timestamp,
}

/// Something that is pinned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinnedCardFile {
    /// `config`, or the name of a list or response: the beginning of its SHA-256.
    pub name: String,
    /// Which of the three.
    pub kind: CardFile,
}

/// Which of the files that card signatures are judged by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CardFile {
    /// `inkan-jpki-config/1`.
    Config,
    /// A CRL.
    Crl,
    /// An OCSP response.
    Ocsp,
}

impl CardFile {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "configuration",
            Self::Crl => "CRL",
            Self::Ocsp => "OCSP response",
        }
    }
}

/// Why there is nothing to judge card signatures by. None is worth a retry with the same files.
#[derive(Debug, thiserror::Error)]
pub enum CardsError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] JpkiConfigError),
    /// A list.
    #[error(transparent)]
    Crl(#[from] CrlError),
    /// The table of a list.
    #[error(transparent)]
    Table(#[from] StoreFailed),
    /// The profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl CardsError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            Self::Crl(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::Profile(error) => error.code(),
            Self::File(error) => error.code(),
        }
    }
}

impl Cards {
    /// What the profile has; `None` without a configuration.
    ///
    /// # Errors
    ///
    /// [`CardsError`]; a file that cannot be read is not passed over.
    pub fn load(profile: &Profile) -> Result<Option<Self>, CardsError> {
        let Some(bytes) = files::read_optional(&config_path(profile), LIMIT)? else {
            return Ok(None);
        };
        let folder = folder(profile);
        let lists = files::list(&folder, LIST)?;
        let mut responses = Vec::new();
        for name in files::list(&folder, RESPONSE)? {
            responses.push(files::read(&folder.join(format!("{name}{RESPONSE}")), OCSP_LIMIT)?);
        }
        Ok(Some(Self {
            config: JpkiConfig::parse(&bytes)?,
            lists: lists.iter().map(|name| folder.join(format!("{name}{LIST}"))).collect(),
            responses,
            registered: profile
                .all::<RegisteredCard>()?
                .into_iter()
                .map(|(_, card)| card)
                .collect(),
        }))
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &JpkiConfig {
        &self.config
    }

    /// What judges signatures whose certificates have these serial numbers ([`inkan_evidence::jpki::serials`]); of others the lists say nothing.
    ///
    /// # Errors
    ///
    /// [`CardsError`].
    pub fn judge(&self, serials: &BTreeSet<Vec<u8>>) -> Result<Jpki, CardsError> {
        let mut jpki = Jpki::new(self.config.clone());
        for path in &self.lists {
            jpki = jpki.with_crl(ask(path, serials)?);
        }
        for response in &self.responses {
            jpki = jpki.with_ocsp(response);
        }
        for card in &self.registered {
            jpki = jpki.registering(&card.holder, card.certificate);
        }
        Ok(jpki)
    }
}

/// Keeps a configuration in the place of the one before; lists and responses stay, and count as far as they prove themselves under it.
///
/// # Errors
///
/// [`CardsError`].
pub fn pin_config(profile: &Profile, bytes: &[u8]) -> Result<JpkiConfig, CardsError> {
    let config = JpkiConfig::parse(bytes)?;
    files::create_folder(&folder(profile), Access::Private)?;
    files::write_atomic(&config_path(profile), bytes, Access::Private)?;
    Ok(config)
}

/// Reads a list (DER), checks it with the certificate of the configuration that signed it, and keeps it as a table. Gives its name, and how many
/// certificates are on it.
///
/// # Errors
///
/// [`CardsError`].
pub fn pin_crl(
    profile: &Profile,
    config: &JpkiConfig,
    bytes: &[u8],
) -> Result<(String, usize), CardsError> {
    let index = CrlIndex::build_under(bytes, config)?;
    let name = name_of(bytes);
    files::create_folder(&folder(profile), Access::Private)?;
    keep(&folder(profile).join(format!("{name}{LIST}")), &index)?;
    Ok((name, index.len()))
}

/// Keeps an OCSP response (DER), which proves itself when it is asked. Gives its name.
///
/// # Errors
///
/// [`CardsError`].
pub fn pin_ocsp(profile: &Profile, bytes: &[u8]) -> Result<String, CardsError> {
    let name = name_of(bytes);
    files::create_folder(&folder(profile), Access::Private)?;
    let path = folder(profile).join(format!("{name}{RESPONSE}"));
    files::write_atomic(&path, bytes, Access::Private)?;
    Ok(name)
}

/// What is pinned: the configuration first.
///
/// # Errors
///
/// [`CardsError`].
pub fn pinned(profile: &Profile) -> Result<Vec<PinnedCardFile>, CardsError> {
    let mut out = Vec::new();
    if config_path(profile).is_file() {
        out.push(PinnedCardFile { name: "config".to_owned(), kind: CardFile::Config });
    }
    for (suffix, kind) in [(LIST, CardFile::Crl), (RESPONSE, CardFile::Ocsp)] {
        let names = files::list(&folder(profile), suffix)?.into_iter();
        out.extend(names.map(|name| PinnedCardFile { name, kind }));
    }
    Ok(out)
}

/// Takes something away by its name; `false` if it is not there.
///
/// # Errors
///
/// [`CardsError`].
pub fn unpin(profile: &Profile, name: &str) -> Result<bool, CardsError> {
    let Some(found) = pinned(profile)?.into_iter().find(|one| one.name == name) else {
        return Ok(false);
    };
    let path = match found.kind {
        CardFile::Config => config_path(profile),
        CardFile::Crl => folder(profile).join(format!("{name}{LIST}")),
        CardFile::Ocsp => folder(profile).join(format!("{name}{RESPONSE}")),
    };
    files::remove(&path)?;
    Ok(true)
}

/// Remembers that a card for logins is a holder's.
///
/// # Errors
///
/// [`CardsError`].
pub fn register(profile: &Profile, card: &RegisteredCard) -> Result<(), CardsError> {
    let text = format!("{} {}", card.holder, card.certificate.to_hex());
    Ok(profile.put(Shelf::Cards, &name_of(text.as_bytes()), &card.to_value())?)
}

impl Record for RegisteredCard {
    const SHELF: Shelf = Shelf::Cards;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let text = |member| json::text(value, member).ok_or(member);
        Ok(Self {
            holder: text("holder")?.to_owned(),
            certificate: Digest::from_hex(text("certificate")?).map_err(|_| "certificate")?,
            at: Timestamp::parse(text("at")?).map_err(|_| "at")?,
        })
    }

    fn to_value(&self) -> Value {
        json!({
            "type": "inkan-registered-card/1", "holder": self.holder,
            "certificate": self.certificate.to_hex(), "at": self.at.to_string(),
        })
    }
}

fn folder(profile: &Profile) -> PathBuf {
    profile.folder().join("jpki")
}

fn config_path(profile: &Profile) -> PathBuf {
    folder(profile).join("config.json")
}

fn name_of(bytes: &[u8]) -> String {
    sha256(&[bytes]).to_hex().chars().take(32).collect()
}

/// Reads a list file of any size that is read at all.
///
/// # Errors
///
/// [`FileError`].
pub fn read_list(path: &Path) -> Result<Vec<u8>, FileError> {
    files::read(path, CRL_LIMIT)
}

/// Writes a list as a table, under its name only when it is whole.
fn keep(path: &Path, index: &CrlIndex) -> Result<(), CardsError> {
    let at = |error: rusqlite::Error| StoreFailed::at(path, &error);
    let system = |error| FileError::from_io(path, error);
    let half = path.with_extension("new");
    files::remove(&half)?;
    drop(SystemFiles.open(&half, Access::Private).map_err(system)?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut table = Connection::open_with_flags(&half, flags).map_err(at)?;
    // Nobody reads it before it is whole, so nothing has to be undone after a crash.
    table.pragma_update(None, "journal_mode", "OFF").map_err(at)?;
    table.pragma_update(None, "synchronous", "FULL").map_err(at)?;
    let head = index.head()?;
    let mut fill = || -> rusqlite::Result<()> {
        let whole = table.transaction()?;
        whole.execute_batch(
            "DROP TABLE IF EXISTS head; DROP TABLE IF EXISTS revoked;
             CREATE TABLE head (json TEXT NOT NULL) STRICT;
             CREATE TABLE revoked (serial BLOB NOT NULL, place INTEGER NOT NULL, since INTEGER, reason INTEGER,
                                   PRIMARY KEY (serial, place)) STRICT, WITHOUT ROWID;",
        )?;
        whole.execute("INSERT INTO head VALUES (?1)", [&head])?;
        {
            let mut put = whole.prepare("INSERT INTO revoked VALUES (?1, ?2, ?3, ?4)")?;
            for (place, entry) in (0_i64..).zip(index.entries()) {
                put.execute((entry.serial, place, entry.since, entry.reason))?;
            }
        }
        whole.commit()
    };
    fill().map_err(at)?;
    table.close().map_err(|(_, error)| at(error))?;
    SystemFiles
        .rename(&half, path)
        .and_then(|()| SystemFiles.sync_folder(path.parent().unwrap_or(path)))
        .map_err(system)?;
    Ok(())
}

/// Takes out of a table what it says of these serial numbers.
fn ask(path: &Path, serials: &BTreeSet<Vec<u8>>) -> Result<CrlIndex, CardsError> {
    let at = |error: rusqlite::Error| StoreFailed::at(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let table = Connection::open_with_flags(path, flags).map_err(at)?;
    let head: String =
        table.query_row("SELECT json FROM head", [], |row| row.get(0)).map_err(at)?;
    let mut find =
        table.prepare("SELECT since, reason FROM revoked WHERE serial = ?1").map_err(at)?;
    let mut found = Vec::new();
    for serial in serials {
        let rows = find.query_map([serial], |row| {
            Ok(CrlEntry { serial: serial.clone(), since: row.get(0)?, reason: row.get(1)? })
        });
        for row in rows.map_err(at)? {
            found.push(row.map_err(at)?);
        }
    }
    Ok(CrlIndex::kept(&head, serials, &found)?)
}

#[cfg(test)]
mod tests;
