//! The two forms of a record in bytes: that of Redis, and that of a sealed cookie.

use session_core::{Digest, Record, Secrets, Values};

use crate::{Draw, Enclosed, row, sealed_text};

/// Writes and reads drawn records, and reads damaged ones: what is read is written as what reads as the same.
pub fn records(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let is_redis = draw.one_in(2);
    let mut text = if draw.one_in(8) {
        draw.bytes(2_000)
    } else {
        let mut record = draw.record();
        record.revision = session_core::Revision::from_i64(draw.number() & i64::MAX);
        let text = if is_redis {
            in_redis(&record, &mut draw)
        } else {
            sealed(&record, &mut draw)
        };
        if draw.is_empty() {
            return;
        }
        text
    };
    draw.damage(&mut text);
    if is_redis {
        damaged_in_redis(&text);
    } else {
        damaged_sealed(&text);
    }
}

fn in_redis(record: &Record, draw: &mut Draw<'_>) -> Vec<u8> {
    let listed = draw.one_in(2).then(|| draw.moment());
    let text = row::write(record, listed);
    assert_eq!(row::read(&text).as_ref(), Some(record));
    assert_eq!(row::read_without_data(&text), Some(without_data(record)));
    let length = row::length_without_data(&text);
    assert_eq!(length, Some(text.len() - record.data.len()));
    text
}

fn damaged_in_redis(text: &[u8]) {
    let glimpse = row::read_without_data(text);
    if let Some(read) = row::read(text) {
        assert_eq!(glimpse, Some(without_data(&read)));
        let length = row::length_without_data(text).expect("it was read");
        let head = row::read_without_data(&text[..length]);
        assert_eq!(head, Some(without_data(&read)), "its own length is enough");
        assert_eq!(row::read(&row::write(&read, None)), Some(read));
    } else if let Some(length) = row::length_without_data(text) {
        // Nothing is read from less than it says.
        assert!(glimpse.is_none() || length <= text.len());
    }
}

fn without_data(record: &Record) -> Record {
    let mut record = record.clone();
    record.data = Values::default();
    record
}

fn sealed(record: &Record, draw: &mut Draw<'_>) -> Vec<u8> {
    let epoch = draw.number().cast_unsigned();
    let mut kept = record.clone();
    // What a cookie does not need.
    let nothing = Digest::from_bytes(&[0; 16]).expect("16 bytes are a digest");
    kept.secrets = Secrets::new(nothing, record.created);
    kept.closed = false;
    let record = record.clone();
    let text = sealed_text::write(&Enclosed { record, epoch });
    let read = sealed_text::read(&text).expect("it was written so");
    assert_eq!((read.record, read.epoch), (kept, epoch));
    text
}

fn damaged_sealed(text: &[u8]) {
    if let Some(read) = sealed_text::read(text) {
        let again = sealed_text::read(&sealed_text::write(&read)).expect("it was written so");
        assert_eq!((again.record, again.epoch), (read.record, read.epoch));
    }
}
