use crate::api::Token;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// The owner's token of a data directory, made at the first start. Only its owner can read the file.
pub(super) fn read_or_make(directory: &Path) -> io::Result<Token> {
    let path = directory.join("token");
    match fs::read_to_string(&path) {
        Ok(text) => {
            return Token::new(text.trim()).map_err(|error| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{}: {error}", path.display()),
                )
            });
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    let token = Token::random();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    writeln!(file, "{}", token.reveal())?;
    file.sync_all()?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_made_once_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let token = read_or_make(directory.path()).unwrap();
        assert_eq!(
            read_or_make(directory.path()).unwrap().reveal(),
            token.reveal()
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(directory.path().join("token"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(directory.path().join("token"), "short").unwrap();
        assert!(read_or_make(directory.path()).is_err());
    }
}
