//! Uploaded files, by the SHA-256 of their bytes.
//!
//! A file is synced before the event that names its digest. Nothing is ever removed here: hiding a file is an event,
//! and time travel still shows it. Start at [`FileStore::put`].

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use countersign_core::ids::Digest;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt, pin_mut};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStoreExt};
use sha2::{Digest as _, Sha256};

/// How much is gathered before it goes to the disk, per upload.
const PART_BYTES: usize = 1024 * 1024;
/// Where uploads grow until their digest is known.
const INCOMING: &str = "incoming";

/// The store of uploaded files. A clone is another handle on the same.
#[derive(Debug, Clone)]
pub struct FileStore {
    store: Arc<LocalFileSystem>,
}

/// What was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the bytes: what to ask for it by.
    pub digest: Digest,
    /// How many.
    pub size_bytes: u64,
}

/// Why a file was not stored or not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no file of that digest.
    #[error("there is no file {digest}")]
    Missing {
        /// What was asked for.
        digest: Digest,
    },
    /// The upload is above its bound; nothing was kept.
    #[error("the file has more than {max_bytes} bytes")]
    TooLarge {
        /// The bound.
        max_bytes: u64,
    },
    /// The sender failed in the middle; nothing was kept.
    #[error("the upload broke off")]
    BrokenOff {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store failed.
    #[error("the file store could not be read or written")]
    Store {
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// The store's folder could not be made or cleared of what a crash left.
    #[error("the folder of the file store cannot be used")]
    Folder {
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl FileError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "file_missing",
            Self::TooLarge { .. } => "file_too_large",
            Self::BrokenOff { .. } => "upload_broken_off",
            Self::Store { .. } | Self::Folder { .. } => "file_store_failed",
        }
    }
}

impl From<object_store::Error> for FileError {
    fn from(source: object_store::Error) -> Self {
        Self::Store { source }
    }
}

impl FileStore {
    /// Opens the store in `directory`, made on the first start; what an interrupted upload left is removed.
    pub fn open(directory: &Path) -> Result<Self, FileError> {
        let folder = |source| FileError::Folder { source };
        std::fs::create_dir_all(directory).map_err(folder)?;
        match std::fs::remove_dir_all(directory.join(INCOMING)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(folder(error)),
            _ => {}
        }
        let store = LocalFileSystem::new_with_prefix(directory)?.with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Stores a stream of at most `max_bytes`; on return it survives a power cut. The same bytes are kept once.
    pub async fn put<E>(
        &self,
        bytes: impl Stream<Item = Result<Bytes, E>> + Send,
        max_bytes: u64,
    ) -> Result<Stored, FileError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let staged = Key::from(format!("{INCOMING}/{}", uuid::Uuid::new_v4()));
        let mut upload = self.store.put_multipart(&staged).await?;
        let stored = match receive(upload.as_mut(), bytes, max_bytes).await {
            Ok(stored) => stored,
            Err(error) => {
                upload.abort().await?;
                return Err(error);
            }
        };
        upload.complete().await?;
        // Over an existing file too: its bytes are the same, and a rename is atomic.
        self.store.rename(&staged, &key(stored.digest)).await?;
        Ok(stored)
    }

    /// Its length and its bytes, in pieces.
    pub async fn get(&self, digest: Digest) -> Result<(u64, BoxStream<'static, Result<Bytes, FileError>>), FileError> {
        let found = self.store.get(&key(digest)).await.map_err(|error| missing(digest, error))?;
        let size_bytes = found.meta.size;
        Ok((size_bytes, found.into_stream().map_err(FileError::from).boxed()))
    }

    /// Whether it is there, and how long it is.
    pub async fn size_bytes(&self, digest: Digest) -> Result<Option<u64>, FileError> {
        match self.store.head(&key(digest)).await.map_err(|error| missing(digest, error)) {
            Ok(meta) => Ok(Some(meta.size)),
            Err(FileError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

async fn receive<E>(
    upload: &mut dyn MultipartUpload,
    bytes: impl Stream<Item = Result<Bytes, E>>,
    max_bytes: u64,
) -> Result<Stored, FileError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pin_mut!(bytes);
    let (mut hash, mut size_bytes, mut part) = (Sha256::new(), 0_u64, Vec::with_capacity(PART_BYTES));
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(|source| FileError::BrokenOff { source: io::Error::other(source) })?;
        size_bytes = size_bytes.saturating_add(piece.len() as u64);
        if size_bytes > max_bytes {
            return Err(FileError::TooLarge { max_bytes });
        }
        hash.update(&piece);
        part.extend_from_slice(&piece);
        if part.len() >= PART_BYTES {
            upload.put_part(std::mem::take(&mut part).into()).await?;
        }
    }
    upload.put_part(part.into()).await?;
    Ok(Stored { digest: Digest(hash.finalize().into()), size_bytes })
}

/// Two levels, so that no folder grows beyond what tools bear.
fn key(digest: Digest) -> Key {
    let name = digest.to_string();
    Key::from(format!("sha256/{}/{name}", name.get(..2).unwrap_or_default()))
}

fn missing(digest: Digest, error: object_store::Error) -> FileError {
    match error {
        object_store::Error::NotFound { .. } => FileError::Missing { digest },
        source => FileError::Store { source },
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use futures::stream;

    use super::*;

    fn pieces(all: &[&'static [u8]]) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + use<> {
        let pieces: Vec<_> = all.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
        stream::iter(pieces)
    }

    async fn bytes_of(store: &FileStore, digest: Digest) -> Vec<u8> {
        let (_, stream) = store.get(digest).await.unwrap();
        stream
            .try_fold(Vec::new(), |mut all, piece| async move { Ok([all.split_off(0), piece.to_vec()].concat()) })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_file_comes_back_by_the_digest_of_its_bytes_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let stored = FileStore::open(folder.path()).unwrap().put(pieces(&[b"hello ", b"world"]), 11).await.unwrap();
        assert_eq!(stored, Stored { digest: Digest::of(b"hello world"), size_bytes: 11 });
        let store = FileStore::open(folder.path()).unwrap();
        assert_eq!(bytes_of(&store, stored.digest).await, b"hello world");
        assert_eq!(store.size_bytes(stored.digest).await.unwrap(), Some(11));
    }

    #[tokio::test]
    async fn an_empty_file_and_one_of_many_parts_are_files_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path()).unwrap();
        let empty = store.put(pieces(&[]), 0).await.unwrap();
        assert_eq!(bytes_of(&store, empty.digest).await, b"");
        let big: &'static [u8] = &[7; 3 * PART_BYTES / 2];
        let stored = store.put(pieces(&[big, b"x", big, b"y"]), u64::MAX).await.unwrap();
        assert_eq!(Digest::of(&bytes_of(&store, stored.digest).await), stored.digest);
    }

    #[tokio::test]
    async fn what_is_too_large_or_breaks_off_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path()).unwrap();
        assert_eq!(store.put(pieces(&[b"hello ", b"world"]), 10).await.unwrap_err().code(), "file_too_large");
        let broken = stream::iter([Ok(Bytes::from_static(b"hello")), Err(io::Error::other("gone"))]);
        assert_eq!(store.put(broken, 100).await.unwrap_err().code(), "upload_broken_off");
        assert_eq!(store.size_bytes(Digest::of(b"hello")).await.unwrap(), None);
        let left = std::fs::read_dir(folder.path().join(INCOMING)).unwrap().count();
        assert_eq!(left, 0, "aborted uploads are removed");
    }

    #[tokio::test]
    async fn the_same_bytes_twice_are_one_file_and_unknown_ones_are_missing() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path()).unwrap();
        let first = store.put(pieces(&[b"same"]), 10).await.unwrap();
        assert_eq!(store.put(pieces(&[b"sa", b"me"]), 10).await.unwrap(), first);
        assert_eq!(store.get(Digest::of(b"other")).await.err().unwrap().code(), "file_missing");
    }
}
