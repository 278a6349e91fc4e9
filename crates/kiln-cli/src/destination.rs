//! Where output goes: standard output, or a file that appears only when it is
//! complete.

use crate::report::Failure;
use anyhow::Context;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A place to write.
#[derive(Debug)]
pub(crate) enum Destination {
    Standard(io::Stdout),
    /// A file written beside its final place, and moved there at the end.
    File(NamedTempFile, PathBuf),
    /// A device or a pipe, which cannot be replaced by a file.
    Device(File),
}

impl Destination {
    /// Opens `path`; `-` is standard output.
    pub(crate) fn open(path: &Path) -> Result<Destination, Failure> {
        let context = || format!("cannot write {}", path.display());
        if path.as_os_str() == "-" {
            return Ok(Destination::Standard(io::stdout()));
        }
        // A link stays, and what it leads to is replaced.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if target.is_dir() {
            let error = anyhow::anyhow!("it is a folder").context(context());
            return Err(error.into());
        }
        if target.exists() && !target.is_file() {
            let file = File::options().write(true).open(&target);
            return Ok(Destination::Device(file.with_context(context)?));
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = new_file(folder).with_context(context)?;
        Ok(Destination::File(file, target))
    }

    /// Ends the output; only now a file appears.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Destination::Standard(mut out) => out.flush()?,
            Destination::Device(mut file) => file.flush()?,
            Destination::File(file, path) => {
                file.persist(&path)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// A temporary file with the rights of an ordinary one.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kiln-").suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The system takes away what the user's mask says.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Destination::Standard(out) => out.write(bytes),
            Destination::File(file, _) => file.write(bytes),
            Destination::Device(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Destination::Standard(out) => out.flush(),
            Destination::File(file, _) => file.flush(),
            Destination::Device(file) => file.flush(),
        }
    }
}
