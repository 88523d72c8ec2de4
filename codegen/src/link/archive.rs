//! Static archives: objects and an index of their global symbols, as `ar` writes them.

use super::{LinkError, ObjectFile, inputs};
use ar_archive_writer::{
    ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, write_archive_to_stream,
};
use std::io::Cursor;

/// Puts objects into a static archive (GNU format, with an index of symbols) and returns the whole
/// file. Times, owners and modes are fixed, so equal inputs give equal bytes.
///
/// Global symbols of the objects remain visible to whoever links the archive.
///
/// # Errors
/// If the objects could not be linked together ([`verify_objects`](super::verify_objects)).
pub fn archive(inputs: &[ObjectFile]) -> Result<Vec<u8>, LinkError> {
    inputs::verify_objects(inputs)?;
    let members: Vec<NewArchiveMember<'_>> = inputs.iter().map(member).collect();
    let mut file = Cursor::new(Vec::new());
    write_archive_to_stream(&mut file, &members, ArchiveKind::Gnu, false, None).map_err(
        |error| LinkError::NotAnObject {
            object: inputs
                .iter()
                .map(|input| input.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            reason: error.to_string(),
        },
    )?;
    Ok(file.into_inner())
}

fn member(input: &ObjectFile) -> NewArchiveMember<'_> {
    NewArchiveMember {
        buf: Box::new(input.bytes.as_slice()),
        object_reader: &DEFAULT_OBJECT_READER,
        member_name: input.name.clone(),
        mtime: 0,
        uid: 0,
        gid: 0,
        perms: 0o644,
    }
}
