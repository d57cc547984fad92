use proptest::prelude::*;

use super::super::samples::{samples, samples_of};
use super::super::stored::SCHEMAS;
use super::*;

/// A sign-off decision with a comment: header, payload and personal part are all filled.
fn approval() -> Vec<u8> {
    encode(&samples_of(0x0309)[1], log()).unwrap().frame
}

fn is_detected(frame: &[u8]) -> bool {
    decode(frame).is_err() || verify_leaf(frame, log()).is_err()
}

fn flipped(frame: &[u8], bit: usize) -> Vec<u8> {
    let mut frame = frame.to_vec();
    frame[bit / 8] ^= 1 << (bit % 8);
    frame
}

#[test]
fn every_flipped_bit_of_a_frame_is_detected() {
    let frame = approval();
    for bit in 0..frame.len() * 8 {
        assert!(is_detected(&flipped(&frame, bit)), "bit {bit}");
    }
}

#[test]
fn flipped_bits_of_all_samples_are_detected() {
    for (n, sample) in samples().iter().enumerate() {
        let frame = encode(sample, log()).unwrap().frame;
        for bit in (n % 97..frame.len() * 8).step_by(97) {
            assert!(is_detected(&flipped(&frame, bit)), "{} bit {bit}", event_name(&sample.event));
        }
    }
}

#[test]
fn behind_an_honest_checksum_the_leaf_tells_every_flipped_bit_of_the_payload() {
    let frame = approval();
    let payload_bits = Frame::read(&frame).unwrap().payload.len() * 8;
    for bit in 0..payload_bits {
        let frame = forged(&frame, |forged| forged.payload[bit / 8] ^= 1 << (bit % 8));
        assert!(is_detected(&frame), "bit {bit}");
    }
}

#[test]
fn behind_an_honest_checksum_the_leaf_tells_every_flipped_bit_of_the_header() {
    let frame = approval();
    let header_bits = Frame::read(&frame).unwrap().header.len() * 8;
    for bit in 0..header_bits {
        let frame = forged(&frame, |forged| forged.header[bit / 8] ^= 1 << (bit % 8));
        assert!(is_detected(&frame), "bit {bit}");
    }
}

#[test]
fn a_frame_cut_anywhere_is_truncated() {
    let frame = approval();
    for length in 0..frame.len() {
        let cut = &frame[..length];
        for error in [decode(cut).unwrap_err(), split_frame(cut).unwrap_err(), stored_leaf(cut).unwrap_err()] {
            assert!(matches!(error, DecodeError::Truncated { have_bytes, .. } if have_bytes == length), "{error}");
        }
    }
}

#[test]
fn bytes_after_the_frame_are_refused_by_decode_and_given_back_by_split() {
    let mut bytes = approval();
    let length = bytes.len();
    bytes.extend(approval());
    assert!(matches!(decode(&bytes), Err(DecodeError::TrailingBytes { count }) if count == length));
    let (first, rest) = split_frame(&bytes).unwrap();
    assert_eq!((first, rest), (&approval()[..], &approval()[..]));
}

#[test]
fn a_length_that_no_event_has_is_refused_before_anything_is_reserved() {
    for at in [9, 13, 17] {
        let mut frame = approval();
        frame[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(matches!(decode(&frame), Err(DecodeError::PartTooLarge { length_bytes: 0xffff_ffff, .. })));
        assert!(matches!(split_frame(&frame), Err(DecodeError::PartTooLarge { .. })));
    }
}

#[test]
fn crafted_lengths_inside_of_a_part_are_refused() {
    // bincode's mark for a 64-bit length, followed by that length: of the list of openings, and of a text in the payload.
    let mut huge = vec![253];
    huge.extend(u64::MAX.to_le_bytes());
    let list = forged(&approval(), |forged| forged.personal = huge.clone());
    assert!(matches!(decode(&list), Err(DecodeError::Malformed { part: Part::Personal, .. })));
    let text = forged(&approval(), |forged| forged.payload = [&[1][..], &huge[..]].concat());
    assert!(matches!(decode(&text), Err(DecodeError::Malformed { part: Part::Payload, .. })));
    let claimed = u64::try_from(EVENT_BYTES_MAX * 1024).unwrap();
    let text = forged(&approval(), |forged| forged.payload = [&[1, 253][..], &claimed.to_le_bytes()[..]].concat());
    assert!(matches!(decode(&text), Err(DecodeError::Malformed { part: Part::Payload, .. })));
}

#[test]
fn bytes_left_over_in_a_part_are_refused() {
    let longer = forged(&approval(), |forged| forged.payload.push(0));
    assert!(matches!(decode(&longer), Err(DecodeError::PartTrailingBytes { part: Part::Payload, count: 1 })));
    let longer = forged(&approval(), |forged| forged.header.push(0));
    assert!(matches!(decode(&longer), Err(DecodeError::PartTrailingBytes { part: Part::Header, count: 1 })));
    let longer = forged(&approval(), |forged| forged.personal.push(0));
    assert!(matches!(decode(&longer), Err(DecodeError::PartTrailingBytes { part: Part::Personal, count: 1 })));
}

#[test]
fn unknown_events_and_newer_schemas_are_refused_by_name() {
    let unknown = forged(&approval(), |forged| forged.event_type = 0x7777);
    assert_eq!(decode(&unknown).unwrap_err().to_string(), "event type 0x7777 (unknown) is not known to this version");
    let reserved = forged(&approval(), |forged| forged.event_type = 0x0003);
    let text = "event type 0x0003 (IntegrityFound) is not known to this version";
    assert_eq!(decode(&reserved).unwrap_err().to_string(), text);
    let newer = forged(&approval(), |forged| forged.schema = 2);
    let text = "ApprovalSubmitted (0x0309) has schema 2; this version knows none above 1";
    assert_eq!(decode(&newer).unwrap_err().to_string(), text);
    assert_eq!(verify_leaf(&newer, log()).unwrap_err().to_string(), text);
}

#[test]
fn frames_of_another_format_and_other_bytes_are_told_apart() {
    let mut frame = approval();
    frame[4] = 2;
    assert!(matches!(decode(&frame), Err(DecodeError::UnknownFormat { format: 2 })));
    frame[0] = b'X';
    assert!(matches!(decode(&frame), Err(DecodeError::NotAFrame)));
    let mut frame = approval();
    *frame.last_mut().unwrap() ^= 1;
    assert!(matches!(decode(&frame), Err(DecodeError::ChecksumMismatch { .. })));
}

#[test]
fn a_word_that_its_type_does_not_have_is_refused() {
    let frame = approval();
    let at = Frame::read(&frame)
        .unwrap()
        .payload
        .windows(8)
        .position(|window| window == b"APPROVED" || window == b"REJECTED");
    let frame = forged(&frame, |forged| forged.payload[at.unwrap()..][..8].copy_from_slice(b"APPROVE!"));
    assert_eq!(decode(&frame).unwrap_err().to_string(), r#""APPROVE!" is not a status of an approval"#);
}

#[test]
fn a_swapped_leaf_hash_is_found() {
    let frame = forged(&approval(), |forged| forged.leaf = Digest([7; 32]));
    assert!(decode(&frame).is_ok());
    assert!(matches!(verify_leaf(&frame, log()), Err(DecodeError::LeafMismatch { stored: Digest([7, ..]), .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
        prop_assert!(split_frame(&bytes).is_err());
        prop_assert!(leaf_json(&bytes, log()).is_err());
    }

    #[test]
    fn a_changed_payload_is_an_error_or_an_event_that_can_be_written_again(
        row in prop::sample::select(SCHEMAS),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let frame = encode(&samples_of(row.number)[0], log()).unwrap().frame;
        let frame = forged(&frame, |forged| {
            for (at, byte) in changes {
                *at.get_mut(&mut forged.payload) = byte;
            }
        });
        if let Ok(decoded) = decode(&frame) {
            prop_assert_eq!(event_type(&decoded.event), row.number);
            let again = encode(&decoded, log()).unwrap();
            prop_assert_eq!(decode(&again.frame).unwrap(), decoded);
        }
    }

    #[test]
    fn no_personal_part_brings_in_a_value(personal in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..60)) {
        let frame = forged(&approval(), |forged| forged.personal = personal);
        if let Ok(decoded) = decode(&frame) {
            prop_assert!(decoded.reason.unwrap().value().is_none());
        }
    }
}
