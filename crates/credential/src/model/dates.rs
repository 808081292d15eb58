//! The validity period: `validFrom` and `validUntil`, or what version 1.1 had in their place.

use inkan_core::Timestamp;
use serde_json::Value;

use super::{DataModel, ModelError};

const DAY: i64 = 86_400;

/// Start and end of validity.
pub(super) type Validity = (Option<Timestamp>, Option<Timestamp>);

/// The validity period (VCDM §4.9; version 1.1, §§4.6 and 4.7). Where a document of version 1.1 uses both the old names and the
/// new ones, which its context reserves, the narrower period counts.
pub(super) fn validity(value: &Value, version: DataModel) -> Result<Validity, ModelError> {
    let (from, until) = (moment(value, "validFrom")?, moment(value, "validUntil")?);
    let (from, until) = match version {
        DataModel::V2 => (from, until),
        DataModel::V1 => {
            let property = "issuanceDate";
            let issued = moment(value, property)?.ok_or(ModelError::Date { property })?;
            let expires = moment(value, "expirationDate")?;
            (from.max(Some(issued)), [until, expires].into_iter().flatten().min())
        }
    };
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        return Err(ModelError::ValidityReversed);
    }
    Ok((from, until))
}

fn moment(value: &Value, property: &'static str) -> Result<Option<Timestamp>, ModelError> {
    match value.get(property) {
        None => Ok(None),
        Some(found) => {
            found.as_str().and_then(date_time_stamp).map(Some).ok_or(ModelError::Date { property })
        }
    }
}

/// Reads an XSD `dateTimeStamp` ([XML Schema 1.1 Part 2, §3.4.28](https://www.w3.org/TR/xmlschema11-2/#dateTimeStamp)) of a year
/// with four digits.
fn date_time_stamp(text: &str) -> Option<Timestamp> {
    let (local, offset) = match text.strip_suffix('Z') {
        Some(local) => (local, None),
        None => text.split_at_checked(text.len().checked_sub(6)?).map(|(l, o)| (l, Some(o)))?,
    };
    let (seconds, fraction) = local.split_once('.').map_or((local, None), |(s, f)| (s, Some(f)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let shaped = matches_shape(seconds, "dddd-dd-ddTdd:dd:dd")
        && fraction.is_none_or(digits)
        && offset.is_none_or(is_offset)
        && !seconds.ends_with(":60");
    if !shaped {
        return None;
    }
    // The end of a day has a second name, which no other notation has.
    match seconds.strip_suffix("T24:00:00") {
        None => Timestamp::parse(text).ok(),
        Some(_) if fraction.is_some_and(|fraction| fraction.bytes().any(|c| c != b'0')) => None,
        Some(date) => {
            let midnight = format!("{date}T00:00:00{}", offset.unwrap_or("Z"));
            Timestamp::parse(&midnight).ok().map(|midnight| midnight.plus_seconds(DAY))
        }
    }
}

fn is_offset(text: &str) -> bool {
    let within = |text: &str| {
        let (hours, minutes) = text.split_once(':').unwrap_or_default();
        (hours < "14" && minutes < "60") || (hours == "14" && minutes == "00")
    };
    let rest = text.strip_prefix(['+', '-']);
    rest.is_some_and(|rest| matches_shape(rest, "dd:dd") && within(rest))
}

/// Whether `text` has a digit for every `d` of `shape`, and the same character everywhere else.
fn matches_shape(text: &str, shape: &str) -> bool {
    let fits = |(c, s): (u8, u8)| if s == b'd' { c.is_ascii_digit() } else { c == s };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_are_those_of_xml_schema() {
        for (text, same) in [
            ("2023-02-26T01:02:58.447Z", "2023-02-26T01:02:58Z"),
            ("2023-02-25T19:10:39-06:00", "2023-02-26T01:10:39Z"),
            ("4023-02-26T01:02:58Z", "4023-02-26T01:02:58Z"),
            ("2024-02-29T00:00:00+14:00", "2024-02-28T10:00:00Z"),
            ("2023-12-31T24:00:00Z", "2024-01-01T00:00:00Z"),
            ("2023-12-31T24:00:00.000+00:00", "2024-01-01T00:00:00Z"),
        ] {
            assert_eq!(date_time_stamp(text).unwrap().to_string(), same, "{text}");
        }
        for text in [
            "",
            "Z",
            "2023-02-26",
            "2023-02-26T01:02:58",
            "2023-02-26t01:02:58Z",
            "2023-02-26T01:02:58z",
            "2023-02-26 01:02:58Z",
            "2023-02-26T01:02Z",
            "2023-02-26T01:02:58,5Z",
            "2023-02-26T01:02:58.Z",
            "2023-02-26T01:02:58+1:00",
            "2023-02-26T01:02:58+0100",
            "2023-02-26T01:02:58+14:01",
            "2023-02-26T01:02:58+15:00",
            "2023-02-26T01:02:58+01:60",
            "2023-02-26T01:02:60Z",
            "2023-02-26T25:00:00Z",
            "2023-02-26T24:00:01Z",
            "2023-02-26T24:00:00.1Z",
            "2023-02-30T00:00:00Z",
            "20230226T010258Z",
            "02023-02-26T01:02:58Z",
            "-2023-02-26T01:02:58Z",
            "2023-02-26T01:02:58[UTC]",
            "２023-02-26T01:02:58Z",
            "Sat 25 Feb 2023 07:16:31 PM CST",
            "Sun, 26 Feb 2023 01:22:14 +0000",
        ] {
            assert_eq!(date_time_stamp(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = date_time_stamp(&text);
        }

        #[test]
        fn what_is_written_is_read(seconds in -62_000_000_000_i64..253_000_000_000) {
            let moment = Timestamp::from_seconds(seconds).unwrap();
            prop_assert_eq!(date_time_stamp(&moment.to_string()), Some(moment));
        }
    }
}
