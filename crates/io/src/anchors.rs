//! Certificates of timestamp authorities from files: what the checker of tokens has at hand.

use std::path::Path;

use inkan_evidence::tsa::Anchors;

use crate::files::{self, FileError};

/// The largest file in bytes.
const LIMIT: usize = 1 << 20;

/// Why there are no certificates. None is worth a retry.
#[derive(Debug, thiserror::Error)]
pub enum AnchorsError {
    /// The file holds no certificates.
    #[error("{path} holds no certificates, or too many")]
    Malformed {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl AnchorsError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "timestamp-malformed",
            Self::File(error) => error.code(),
        }
    }
}

/// Reads a file of certificates, in PEM or DER; none if there is no file.
///
/// # Errors
///
/// [`AnchorsError`].
pub fn read(path: &Path) -> Result<Anchors, AnchorsError> {
    let mut anchors = Anchors::default();
    add(&mut anchors, path)?;
    Ok(anchors)
}

/// Reads all files `*.pem` of a folder, as beside the policies of a profile; none if there is no folder.
///
/// # Errors
///
/// [`AnchorsError`].
pub fn read_folder(folder: &Path) -> Result<Anchors, AnchorsError> {
    let mut anchors = Anchors::default();
    for name in files::list(folder, ".pem")? {
        add(&mut anchors, &folder.join(format!("{name}.pem")))?;
    }
    Ok(anchors)
}

fn add(anchors: &mut Anchors, path: &Path) -> Result<(), AnchorsError> {
    if let Some(bytes) = files::read_optional(path, LIMIT)? {
        anchors
            .add_file(&bytes)
            .map_err(|_| AnchorsError::Malformed { path: path.to_path_buf() })?;
    }
    Ok(())
}
