//! Round trips, determinism, deflated entries, and archives that lie.

use super::*;
use proptest::prelude::*;

fn arrays() -> Vec<(String, HostTensor)> {
    vec![
        (
            "x".to_owned(),
            HostTensor::from_slice(&[2, 2], &[1f32, 2.0, 3.0, 4.0]).unwrap(),
        ),
        (
            "p.hidden.w".to_owned(),
            HostTensor::from_slice(&[1000], &[7i64; 1000]).unwrap(),
        ),
        (
            "none".to_owned(),
            HostTensor::from_slice::<f64>(&[0], &[]).unwrap(),
        ),
    ]
}

fn archive() -> Vec<u8> {
    encode(
        arrays()
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor)),
    )
    .unwrap()
}

/// An archive with one deflated entry.
fn deflated(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file(name, options).unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap().into_inner()
}

fn refusal(bytes: &[u8]) -> String {
    read(Cursor::new(bytes)).unwrap_err().to_string()
}

#[test]
fn archives_round_trip_and_are_deterministic() {
    assert_eq!(read(Cursor::new(archive())).unwrap(), arrays());
    assert_eq!(archive(), archive());
}

#[test]
fn deflated_arrays_are_read() {
    let tensor = HostTensor::from_slice(&[5000], &[0f32; 5000]).unwrap();
    let bytes = deflated("zeros.npy", &npy::encode(&tensor));
    assert!(bytes.len() < 1000);
    assert_eq!(
        read(Cursor::new(bytes)).unwrap(),
        [("zeros".to_owned(), tensor)]
    );
}

#[test]
fn refusals_say_what_is_wrong() {
    let file = npy::encode(&HostTensor::from_slice(&[4], &[1u32; 4]).unwrap());
    let mut corrupt = archive();
    let position = corrupt.len() / 2;
    corrupt[position] ^= 1;
    let mut longer = file.clone();
    longer.push(0);
    insta::assert_snapshot!(
        [
            refusal(b""),
            refusal(b"\x93NUMPY"),
            refusal(&archive()[..100]),
            refusal(&corrupt),
            refusal(&deflated("x.npy", &file[..file.len() - 1])),
            refusal(&deflated("x.npy", &longer)),
            refusal(&deflated("readme.txt", b"hello")),
        ]
        .join("\n")
    );
}

#[test]
fn an_entry_cannot_claim_more_than_it_holds() {
    // The uncompressed size stands in the central directory, which begins with this signature.
    let mut bytes = deflated("x.npy", &npy::encode(&HostTensor::scalar(1f32).unwrap()));
    let directory = bytes
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    bytes[directory + 24..directory + 28].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    assert_eq!(
        refusal(&bytes),
        "array `x` claims 2147483647 bytes, more than its compressed form can hold"
    );
}

#[test]
fn names_are_unique() {
    let tensor = HostTensor::scalar(1f32).unwrap();
    let error = encode([("x", &tensor), ("x", &tensor)]).unwrap_err();
    assert_eq!(error.to_string(), "array `x` occurs twice");
}

proptest! {
    #[test]
    fn corrupted_archives_never_panic(position in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = archive();
        let position = position.index(bytes.len());
        bytes[position] = byte;
        let _ = read(Cursor::new(bytes));
    }

    #[test]
    fn every_truncation_is_an_error(cut in any::<prop::sample::Index>()) {
        let bytes = archive();
        prop_assert!(read(Cursor::new(&bytes[..cut.index(bytes.len())])).is_err());
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(Cursor::new(bytes));
    }
}
