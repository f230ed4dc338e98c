//! Tests of FLOE: the published vectors, and every way in which a message may be wrong.

use super::*;

const AAD: &[u8] = b"This is AAD";

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn key() -> FloeKey {
    FloeKey::new([0; 32])
}

fn message(len: usize) -> (FloeParams, Vec<u8>, Vec<u8>) {
    let params = FloeParams::new(40).unwrap();
    let plaintext: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let sealed = seal_all(&key(), params, AAD, [7; 32], &plaintext).unwrap();
    (params, plaintext, sealed)
}

#[test]
fn published_vectors_open() {
    let mut count = 0;
    for line in include_str!("../../../fixtures/vectors/floe.txt").lines() {
        if line.starts_with('#') {
            continue;
        }
        let [name, segment_len, rotation, plaintext, sealed] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let params = FloeParams::new(segment_len.parse().unwrap())
            .unwrap()
            .rotating_every(rotation.parse().unwrap());
        let (plaintext, sealed) = (hex(plaintext), hex(sealed));
        assert_eq!(open_all(&key(), params, AAD, &sealed).unwrap(), plaintext, "{name}");
        assert_eq!(
            params.content_of(sealed.len() as u64).unwrap().plaintext_len,
            plaintext.len() as u64,
            "{name}"
        );
        count += 1;
    }
    assert_eq!(count, 6);
}

/// Given the IV and the nonces of a published message, ours is the same but for the nonces: everything but nonce, ciphertext
/// and tag is determined.
#[test]
fn header_is_that_of_the_published_message() {
    for line in include_str!("../../../fixtures/vectors/floe.txt")
        .lines()
        .filter(|l| !l.starts_with('#'))
    {
        let fields: Vec<_> = line.split(' ').collect();
        let sealed = hex(fields[4]);
        let params = FloeParams::new(fields[1].parse().unwrap()).unwrap();
        let sealer = Sealer::new(&key(), params, AAD, sealed[10..42].try_into().unwrap());
        assert_eq!(sealer.header(), &sealed[..HEADER_LEN]);
    }
}

#[test]
fn segments_open_alone_and_in_any_order() {
    let (params, plaintext, sealed) = message(8 * 5 + 3);
    let opener = Opener::new(&key(), params, AAD, &sealed[..HEADER_LEN]).unwrap();
    let pieces: Vec<_> = segments(&sealed[HEADER_LEN..], 40).collect();
    assert_eq!(pieces.len(), 6);
    for index in [5, 0, 3, 1, 4, 2] {
        let mut out = b"kept".to_vec();
        let (segment, is_last) = pieces[index];
        opener.open_segment(index as u64, segment, is_last, &mut out).unwrap();
        assert_eq!(out[4..], plaintext[index * 8..plaintext.len().min(index * 8 + 8)]);
    }
}

#[test]
fn nonces_differ_by_position_final_flag_and_iv() {
    let params = FloeParams::new(40).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for iv in [[1; 32], [2; 32]] {
        let sealer = Sealer::new(&key(), params, AAD, iv);
        for index in [0, 1, 2, 1 << 20, 1 << 39] {
            for is_last in [false, true] {
                let mut out = Vec::new();
                sealer.seal_segment(index, &[0; 8], is_last, &mut out).unwrap();
                seen.insert(out[4..16].to_vec());
            }
        }
    }
    assert_eq!(seen.len(), 20);
}

/// The published messages are all shorter than one group, so the 2^20 segments of a key are tested by the text of the
/// specification: the key of a segment is derived here once more, from the position with its low 20 bits cleared.
#[test]
fn a_new_key_begins_every_2_to_the_20_segments() {
    let params = FloeParams::new(40).unwrap();
    let sealer = Sealer::new(&key(), params, AAD, [7; 32]);
    let kdf = |key: &[u8], purpose: &[u8]| {
        let mut mac = Hmac::<Sha384>::new_from_slice(key).unwrap();
        for part in [&sealer.header()[..42], purpose, AAD, &[1]] {
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    };
    let message_key = kdf(&[0; 32], b"MESSAGE_KEY:");
    for (index, group) in [(0, 0), ((1 << 20) - 1, 0), (1 << 20, 1 << 20), ((3 << 20) + 5, 3 << 20)] {
        let mut out = Vec::new();
        sealer.seal_segment(index, b"segments", false, &mut out).unwrap();
        let group: u64 = group;
        let segment_key = kdf(&message_key, &[b"DEK:", &group.to_be_bytes()[..]].concat());
        let cipher = Aes256Gcm::new_from_slice(&segment_key[..32]).unwrap();
        let nonce: [u8; 12] = out[4..16].try_into().unwrap();
        let aad = [&index.to_be_bytes()[..], &[0]].concat();
        let tag: [u8; 16] = out[24..].try_into().unwrap();
        let mut text = out[16..24].to_vec();
        cipher
            .decrypt_inout_detached(&nonce.into(), &aad, text.as_mut_slice().into(), &tag.into())
            .unwrap();
        assert_eq!(text, b"segments", "{index}");
    }
}

#[test]
fn every_bit_flip_and_every_cut_is_refused() {
    let (params, _, sealed) = message(8 * 2 + 3);
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut bad = sealed.clone();
            bad[at] ^= 1 << bit;
            assert!(open_all(&key(), params, AAD, &bad).is_err(), "byte {at} bit {bit}");
        }
        assert!(open_all(&key(), params, AAD, &sealed[..at]).is_err(), "cut at {at}");
    }
    let mut longer = sealed.clone();
    longer.push(0);
    assert!(open_all(&key(), params, AAD, &longer).is_err());
}

#[test]
fn faults_name_what_is_wrong() {
    let (params, _, sealed) = message(8 * 3);
    let header = &sealed[..HEADER_LEN];
    let other_key = FloeKey::new([1; 32]);
    assert_eq!(
        Opener::new(&other_key, params, AAD, header).unwrap_err(),
        FloeFault::HeaderTag
    );
    assert_eq!(
        Opener::new(&key(), params, b"other", header).unwrap_err(),
        FloeFault::HeaderTag
    );
    let other = FloeParams::new(41).unwrap();
    assert_eq!(
        Opener::new(&key(), other, AAD, header).unwrap_err(),
        FloeFault::HeaderParams
    );
    assert_eq!(
        Opener::new(&key(), params, AAD, &header[1..]).unwrap_err(),
        FloeFault::HeaderLength { got: 73 }
    );
    let opener = Opener::new(&key(), params, AAD, header).unwrap();
    let second = &sealed[HEADER_LEN + 40..HEADER_LEN + 80];
    let mut out = Vec::new();
    let mut open = |index, segment: &[u8], is_last| opener.open_segment(index, segment, is_last, &mut out).unwrap_err();
    assert_eq!(open(2, second, false), FloeFault::SegmentTag { index: 2 });
    assert_eq!(open(1, second, true), FloeFault::SegmentMark { index: 1 });
    assert_eq!(
        open(1, &second[1..], false),
        FloeFault::SegmentSize { index: 1, got: 39 }
    );
    assert_eq!(
        open(1, &second[..31], true),
        FloeFault::SegmentSize { index: 1, got: 31 }
    );
    assert_eq!(open(1, &[0; 41], true), FloeFault::SegmentSize { index: 1, got: 41 });
    assert_eq!(
        open(MAX_SEGMENTS, second, false),
        FloeFault::TooManySegments { index: MAX_SEGMENTS }
    );
    assert!(out.is_empty());
}

#[test]
fn sealing_refuses_wrong_lengths() {
    let sealer = Sealer::new(&key(), FloeParams::new(40).unwrap(), AAD, [0; 32]);
    let mut out = Vec::new();
    let mut seal = |index, len, is_last| sealer.seal_segment(index, &vec![0; len], is_last, &mut out);
    assert_eq!(seal(0, 7, false), Err(FloeFault::SegmentSize { index: 0, got: 7 }));
    assert_eq!(seal(0, 9, true), Err(FloeFault::SegmentSize { index: 0, got: 9 }));
    assert_eq!(
        seal(1 << 40, 8, true),
        Err(FloeFault::TooManySegments { index: 1 << 40 })
    );
    assert_eq!(seal(0, 0, true), Ok(()));
    assert_eq!(out.len(), 32);
}

#[test]
fn parameters_have_bounds() {
    for bad in [0, 32, (16 << 20) + 1, u32::MAX] {
        assert_eq!(FloeParams::new(bad), Err(FloeFault::SegmentLength { got: bad }));
    }
    let (params, _, sealed) = message(3);
    assert_eq!(FloeParams::of_header(&sealed[..HEADER_LEN]), Ok(params));
    assert_eq!(FloeParams::fixed::<40>(), params);
    let mut other_suite = sealed[..HEADER_LEN].to_vec();
    other_suite[0] = 1;
    assert_eq!(FloeParams::of_header(&other_suite), Err(FloeFault::HeaderParams));
    assert_eq!(
        FloeParams::of_header(&sealed[..9]),
        Err(FloeFault::HeaderLength { got: 9 })
    );
}

#[test]
fn lengths_of_plaintext_and_message_agree() {
    for len in 0..60 {
        let (params, plaintext, sealed) = message(len);
        assert_eq!(params.encrypted_len(len as u64), Ok(sealed.len() as u64));
        let content = params.content_of(sealed.len() as u64).unwrap();
        assert_eq!(content.plaintext_len, len as u64);
        assert_eq!(content.segment_count, params.segment_count(len as u64));
        assert_eq!(open_all(&key(), params, AAD, &sealed).unwrap(), plaintext);
    }
    let params = FloeParams::new(40).unwrap();
    for bad in [0, 74, 74 + 31, 74 + 40 + 31, u64::MAX] {
        assert_eq!(params.content_of(bad), Err(FloeFault::TotalLength { got: bad }));
    }
    assert!(params.encrypted_len(u64::MAX).is_err());
    assert!(params.encrypted_len((1 << 40) * 8 + 1).is_err());
    // The longest message: 2^40 segments of 8 bytes, 40 when sealed, behind a header of 74.
    let longest = (1 << 40) * 40 + 74;
    assert_eq!(params.encrypted_len((1 << 40) * 8), Ok(longest));
    assert_eq!(params.content_of(longest).unwrap().segment_count, 1 << 40);
    let longer = longest + 40;
    assert_eq!(params.content_of(longer), Err(FloeFault::TotalLength { got: longer }));
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{:?}", FloeKey::new([0x41; 32])), "FloeKey(..)");
    let sealer = Sealer::new(&key(), FloeParams::new(40).unwrap(), AAD, [0; 32]);
    assert!(!format!("{sealer:?}").contains("iv"));
}

#[test]
fn sealer_and_opener_are_shared_between_threads() {
    fn shared<T: Sync + Send>() {}
    shared::<Sealer>();
    shared::<Opener>();
}
