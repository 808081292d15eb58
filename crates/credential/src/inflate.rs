//! Inflating what others compressed, and no further than a limit: status lists of both kinds.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

/// Why there is nothing inflated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Inflate {
    /// Not what the decoder reads, or it does not end where it should.
    Malformed,
    /// More bytes than the limit.
    TooLarge,
}

/// How much is inflated between two looks at the limit.
const STEP: usize = 64 << 10;

/// Reads everything that `decoder` gives, at most `limit` bytes; it is asked for one more byte and no further.
///
/// The decoder must notice by itself if its input ends early, as GZIP does.
pub(crate) fn read_to(decoder: impl Read, limit: usize) -> Result<Vec<u8>, Inflate> {
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    decoder.take(one_more).read_to_end(&mut bytes).map_err(|_| Inflate::Malformed)?;
    if bytes.len() > limit { Err(Inflate::TooLarge) } else { Ok(bytes) }
}

/// Inflates one ZLIB stream ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)), at most `limit` bytes of it, with its
/// checksum and with nothing behind it.
///
/// Not through [`Read`]: that takes a stream which was cut off for one that has ended.
pub(crate) fn zlib(compressed: &[u8], limit: usize) -> Result<Vec<u8>, Inflate> {
    let mut inflater = Decompress::new(true);
    let mut bytes = Vec::new();
    loop {
        let read = usize::try_from(inflater.total_in()).map_err(|_| Inflate::TooLarge)?;
        let rest = compressed.get(read..).ok_or(Inflate::Malformed)?;
        let before = bytes.len();
        bytes.reserve_exact(STEP);
        let status = inflater.decompress_vec(rest, &mut bytes, FlushDecompress::None);
        let status = status.map_err(|_| Inflate::Malformed)?;
        if bytes.len() > limit {
            return Err(Inflate::TooLarge);
        }
        let taken = inflater.total_in();
        match status {
            Status::StreamEnd if usize::try_from(taken) == Ok(compressed.len()) => {
                return Ok(bytes);
            }
            Status::StreamEnd => return Err(Inflate::Malformed),
            Status::Ok | Status::BufError => {
                if bytes.len() == before && usize::try_from(taken) == Ok(read) {
                    return Err(Inflate::Malformed);
                }
            }
        }
    }
}
