//! Round trips, files as NumPy writes them, and files that lie.

use super::*;
use proptest::prelude::*;

/// A version 1.0 file with this header and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

fn refusal(bytes: &[u8]) -> String {
    decode(bytes).unwrap_err().to_string()
}

#[test]
fn header_is_what_numpy_writes() {
    let tensor = HostTensor::from_slice(&[2, 3], &[0f32; 6]).unwrap();
    let bytes = encode(&tensor);
    // From numpy.save of zeros((2, 3), float32), NumPy 2.4.
    let expected = format!(
        "{:<117}\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    );
    assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
    assert_eq!(std::str::from_utf8(&bytes[10..128]).unwrap(), expected);
    assert_eq!(bytes.len(), 128 + 24);
}

#[test]
fn halves_are_what_numpy_writes() {
    // From numpy.save of arrays of float16 and of bfloat16 of ml_dtypes 0.5, NumPy 2.4.
    for (dtype, descr) in [(DType::F16, "<f2"), (DType::Bf16, "<V2")] {
        let tensor = HostTensor::zeros(TensorType::new(dtype, vec![2]).unwrap()).unwrap();
        let bytes = encode(&tensor);
        let header = std::str::from_utf8(&bytes[10..128]).unwrap();
        let expected = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2,), }}");
        assert_eq!(header.trim_end(), expected);
        assert_eq!(decode(&bytes).unwrap(), tensor);
        // What NumPy has read and writes again says nothing on the order of the bytes.
        let again = file(&expected.replace("<V2", "|V2"), &[0; 4]);
        assert_eq!(decode(&again).unwrap(), tensor);
    }
}

#[test]
fn every_dtype_and_rank_round_trips() {
    let half = |dtype| {
        let ty = TensorType::new(dtype, vec![3]).unwrap();
        HostTensor::from_numbers(ty, &[1.0 / 3.0, -2.5, f64::INFINITY]).unwrap()
    };
    let tensors = [
        half(DType::F16),
        half(DType::Bf16),
        HostTensor::scalar(1.5f32).unwrap(),
        HostTensor::from_slice(&[3], &[1i32, -2, i32::MAX]).unwrap(),
        HostTensor::from_slice(&[1, 2], &[i64::MIN, 7]).unwrap(),
        HostTensor::from_slice(&[2, 1, 1], &[u32::MAX, 0]).unwrap(),
        HostTensor::from_slice(&[2], &[f64::NAN, -0.0]).unwrap(),
        HostTensor::from_bools(&[2, 2], &[true, false, false, true]).unwrap(),
        HostTensor::from_slice::<f32>(&[0, 5], &[]).unwrap(),
        HostTensor::from_slice(&[1; 30_000], &[1f32]).unwrap(),
    ];
    for tensor in tensors {
        let bytes = encode(&tensor);
        assert_eq!(bytes.len() as u64 % 64, tensor.tensor_type().bytes() % 64);
        assert_eq!(decode(&bytes).unwrap(), tensor);
    }
}

#[test]
fn foreign_orders_are_converted() {
    let header = "{'descr': '>i4', 'fortran_order': True, 'shape': (2, 3), }\n";
    let data: Vec<u8> = [1i32, 4, 2, 5, 3, 6]
        .into_iter()
        .flat_map(i32::to_be_bytes)
        .collect();
    let tensor = decode(&file(header, &data)).unwrap();
    assert_eq!(tensor.elements::<i32>(), Some(&[1, 2, 3, 4, 5, 6][..]));
    let rows = "{'descr': '>i4', 'fortran_order': False, 'shape': (2, 3), }\n";
    let tensor = decode(&file(rows, &data)).unwrap();
    assert_eq!(tensor.elements::<i32>(), Some(&[1, 4, 2, 5, 3, 6][..]));
    let cube = "{'shape': (2, 2, 2), 'fortran_order': True, 'descr': '|b1'}";
    let tensor = decode(&file(cube, &[0, 9, 0, 0, 1, 0, 0, 0])).unwrap();
    assert_eq!(tensor.bytes(), [0, 1, 0, 0, 1, 0, 0, 0]);
    let empty = "{'descr':'<f8','fortran_order':True,'shape':(3,0),}";
    assert_eq!(decode(&file(empty, &[])).unwrap().dims(), [3, 0]);
}

#[test]
fn headers_of_other_writers_are_read() {
    for header in [
        r#"{"descr": "<f4", "fortran_order": False, "shape": (2L,)}"#,
        "{ 'shape' : ( 2 , ) , 'descr' : '=f4' , 'fortran_order' : False }   \n",
    ] {
        let tensor = decode(&file(header, &[0; 8])).unwrap();
        assert_eq!(tensor.dims(), [2], "{header}");
    }
    let mut version_3 = b"\x93NUMPY\x03\x00\x35\x00\x00\x00".to_vec();
    version_3.extend(b"{'descr': '<f4', 'fortran_order': False, 'shape': ()}");
    version_3.extend(1f32.to_le_bytes());
    assert_eq!(decode(&version_3).unwrap().item(), Some(1f32));
}

#[test]
fn refusals_say_what_is_wrong() {
    let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
    let with = |from: &str, to: &str| refusal(&file(&good.replace(from, to), &[0; 48]));
    insta::assert_snapshot!(
        [
            refusal(b""),
            refusal(b"PK\x03\x04 not this one"),
            refusal(b"\x93NUMPY\x09\x01"),
            refusal(b"\x93NUMPY\x01\x00\x40"),
            refusal(b"\x93NUMPY\x01\x00\x40\x00{'descr'"),
            refusal(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{"),
            refusal(&file(good, &[0; 20])),
            refusal(&file(good, &[0; 49])),
            with("<f4", "<f16"),
            with("'<f4'", "[('a', '<f4')]"),
            with("<f4", "<U12"),
            with("<f4", "x'); import os"),
            with("(3, 4)", "(99999999999, 99999999999)"),
            with("(3, 4)", "(4294967296, 4294967295)"),
            with("(3, 4)", "(99999999999999999999,)"),
            with("(3, 4)", "(-3,)"),
            with("(3, 4)", "(3)"),
            with("(3, 4)", "((((3"),
            with("(3, 4), }", "(3, 4), } x"),
            with("'descr'", "'desc'"),
            with("'shape'", "'descr'"),
            with("'descr': '<f4', ", ""),
            with("False", "Maybe"),
            with(", 'fortran", " 'fortran"),
            with("{", "["),
        ]
        .join("\n")
    );
}

#[test]
fn nested_headers_do_not_exhaust_the_stack() {
    for opening in ["(", "[", "{", "{'shape':(", "{'descr':["] {
        let header = opening.repeat(60_000 / opening.len());
        assert!(decode(&file(&header, &[])).is_err());
    }
}

#[test]
fn a_source_that_is_shorter_than_it_claims_is_an_error() {
    let bytes = encode(&HostTensor::from_slice(&[8], &[1f64; 8]).unwrap());
    let mut short = &bytes[..bytes.len() - 1];
    let error = read(&mut short, bytes.len() as u64).unwrap_err();
    assert_eq!(error.to_string(), "ends within its data");
}

proptest! {
    #[test]
    fn every_truncation_is_an_error(cut in 0usize..128 + 24) {
        let bytes = encode(&HostTensor::from_slice(&[2, 3], &[1f32; 6]).unwrap());
        prop_assert!(decode(&bytes[..cut]).is_err());
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
        let _ = decode(&file(&String::from_utf8_lossy(&bytes), &bytes));
    }

    #[test]
    fn random_headers_never_panic(
        header in r"[{}()\[\],:'L ]{0,4}('(descr|shape|fortran_order)': ?(True|False|'[<>=|][bfiu][0-9]{1,2}'|\([0-9]{0,20},?[0-9]{0,20}\)),? ?){0,4}[{}(),: ]{0,3}",
        data in proptest::collection::vec(any::<u8>(), 0..32),
    ) {
        let _ = decode(&file(&header, &data));
        let _ = decode(&file(&format!("{{{header}}}"), &data));
    }

    #[test]
    fn corrupted_files_never_panic(position in 0usize..152, byte: u8) {
        let mut bytes = encode(&HostTensor::from_slice(&[2, 3], &[1f32; 6]).unwrap());
        bytes[position] = byte;
        let _ = decode(&bytes);
    }
}
