//! `lgc cache`: the code that is kept for later compilations.

use crate::args::CacheArguments;
use crate::driver::Kept;
use crate::{Failure, output};
use lgc_codegen::cache::{Cache, Usage};
use lgc_ir::diag::Code;
use std::io;

/// Says where the cache is and how large, or empties it.
pub(crate) fn run(arguments: &CacheArguments) -> Result<(), Failure> {
    let cache = Kept::of_environment().for_command()?;
    let failed = |error: io::Error| failed(cache, arguments.clear, &error);
    if arguments.clear {
        let Usage { answers, bytes } = cache.clear().map_err(failed)?;
        return output::print(&format!("removed   {answers} pieces, {bytes} bytes\n"));
    }
    let Usage { answers, bytes } = cache.usage().map_err(failed)?;
    let (folder, bound) = (cache.folder().display(), cache.bound());
    output::print(&format!(
        "directory {folder}\npieces    {answers}\nbytes     {bytes}\nbound     {bound}\n"
    ))
}

fn failed(cache: &Cache, clear: bool, error: &io::Error) -> Failure {
    let folder = cache.folder().display();
    match clear {
        true => Failure::message(
            Code::UnwritableFile,
            format!("cannot empty `{folder}`: {error}"),
        ),
        false => Failure::message(
            Code::UnreadableFile,
            format!("cannot read `{folder}`: {error}"),
        ),
    }
}
