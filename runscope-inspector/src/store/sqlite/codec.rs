use crate::store::StoreError;
use runscope_core::{Message, Request, Response};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe;

const LEVEL: i32 = 3;

/// No frame is unpacked beyond this; more than any message the server accepts.
const LARGEST: usize = 256 << 20;

/// What the JSON of most heads fits in.
const USUAL_HEAD: usize = 2048;

/// The size of a trained dictionary.
const DICTIONARY: usize = 64 * 1024;

/// Packs messages with zstd and, once there were enough to learn from, a dictionary.
///
/// Each frame names its dictionary, and a dictionary is kept as long as any frame can be packed with it,
/// so frames of any age unpack.
/// Contexts are large and costly to make; they are kept for the next caller.
pub(super) struct Codec {
    dictionaries: RwLock<HashMap<u32, Arc<[u8]>>>,
    current: RwLock<Option<u32>>,
    packers: Mutex<Vec<(Option<u32>, Compressor<'static>)>>,
    unpackers: Mutex<Vec<(Option<u32>, Decompressor<'static>)>>,
}

/// A message as it is stored: bodies apart, so that a list does not read them.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    pub(super) head: Vec<u8>,
    pub(super) request_body: Option<Vec<u8>>,
    pub(super) response_body: Option<Vec<u8>>,
}

impl Codec {
    /// With the dictionaries that are known, the newest last.
    pub(super) fn new(dictionaries: Vec<Vec<u8>>) -> Self {
        let codec = Self {
            dictionaries: RwLock::default(),
            current: RwLock::default(),
            packers: Mutex::default(),
            unpackers: Mutex::default(),
        };
        dictionaries
            .into_iter()
            .for_each(|bytes| codec.learn(bytes));
        codec
    }

    /// Packs with this dictionary from now on. It must be stored before.
    pub(super) fn learn(&self, bytes: Vec<u8>) {
        if let Some(id) = zstd_safe::get_dict_id(&bytes).map(u32::from) {
            lock_write(&self.dictionaries).insert(id, bytes.into());
            *lock_write(&self.current) = Some(id);
        }
    }

    /// Drops a dictionary that no frame is packed with.
    pub(super) fn forget(&self, bytes: &[u8]) {
        let id = zstd_safe::get_dict_id(bytes).map(u32::from);
        lock_write(&self.dictionaries).retain(|known, _| Some(*known) != id);
    }

    pub(super) fn has_dictionary(&self) -> bool {
        lock_read(&self.current).is_some()
    }

    pub(super) fn pack(&self, message: &mut Message) -> Result<Packed, StoreError> {
        let request_body = message
            .request
            .as_mut()
            .and_then(|request| request.body.take());
        let response_body = message
            .response
            .as_mut()
            .and_then(|response| response.body.take());
        let mut head = Vec::with_capacity(USUAL_HEAD);
        serde_json::to_writer(&mut head, message).map_err(StoreError::failed)?;
        let mut packer = self.packer()?;
        let mut pack = |bytes: &[u8]| packer.1.compress(bytes).map_err(StoreError::from);
        let packed = Packed {
            head: pack(&head)?,
            request_body: request_body
                .as_deref()
                .map(str::as_bytes)
                .map(&mut pack)
                .transpose()?,
            response_body: response_body
                .as_deref()
                .map(str::as_bytes)
                .map(&mut pack)
                .transpose()?,
        };
        give_back(&self.packers, packer);
        if let Some(request) = message.request.as_mut() {
            request.body = request_body;
        }
        if let Some(response) = message.response.as_mut() {
            response.body = response_body;
        }
        Ok(packed)
    }

    pub(super) fn unpack(&self, packed: &Packed) -> Result<Message, StoreError> {
        let bodies = self.unpack_bodies(packed)?;
        self.unpack_head(&packed.head, bodies)
    }

    /// A message that has nothing but the bodies.
    pub(super) fn unpack_bodies(&self, packed: &Packed) -> Result<Message, StoreError> {
        let text = |frame: &Vec<u8>| {
            String::from_utf8(self.unpack_frame(frame)?).map_err(StoreError::failed)
        };
        let mut bodies = Message::new();
        if let Some(frame) = &packed.request_body {
            let mut request = Request::new(String::new(), String::new());
            request.body = Some(text(frame)?);
            bodies.request = Some(request);
        }
        if let Some(frame) = &packed.response_body {
            let mut response = Response::new(0);
            response.body = Some(text(frame)?);
            bodies.response = Some(response);
        }
        Ok(bodies)
    }

    /// The message of a head, with these bodies.
    pub(super) fn unpack_head(&self, head: &[u8], bodies: Message) -> Result<Message, StoreError> {
        let mut message: Message =
            serde_json::from_slice(&self.unpack_frame(head)?).map_err(StoreError::failed)?;
        if let Some(request) = message.request.as_mut() {
            request.body = bodies.request.and_then(|request| request.body);
        }
        if let Some(response) = message.response.as_mut() {
            response.body = bodies.response.and_then(|response| response.body);
        }
        Ok(message)
    }

    fn packer(&self) -> Result<(Option<u32>, Compressor<'static>), StoreError> {
        let current = *lock_read(&self.current);
        if let Some(packer) = take(&self.packers, current) {
            return Ok(packer);
        }
        let compressor = match current.and_then(|id| self.dictionary(id)) {
            Some(bytes) => Compressor::with_dictionary(LEVEL, &bytes)?,
            None => Compressor::new(LEVEL)?,
        };
        Ok((current, compressor))
    }

    fn unpack_frame(&self, frame: &[u8]) -> Result<Vec<u8>, StoreError> {
        let id = zstd_safe::get_dict_id_from_frame(frame).map(u32::from);
        let size = zstd_safe::get_frame_content_size(frame).ok().flatten();
        let size = size
            .and_then(|size| usize::try_from(size).ok())
            .filter(|size| *size <= LARGEST);
        let size = size.ok_or_else(|| StoreError::failed("a stored message is damaged"))?;
        let mut unpacker = match (take(&self.unpackers, id), id) {
            (Some(unpacker), _) => unpacker,
            (None, Some(known)) => {
                let bytes = self.dictionary(known);
                let bytes = bytes
                    .ok_or_else(|| StoreError::failed("a compression dictionary is missing"))?;
                (id, Decompressor::with_dictionary(&bytes)?)
            }
            (None, None) => (None, Decompressor::new()?),
        };
        let bytes = unpacker.1.decompress(frame, size)?;
        give_back(&self.unpackers, unpacker);
        Ok(bytes)
    }

    fn dictionary(&self, id: u32) -> Option<Arc<[u8]>> {
        lock_read(&self.dictionaries).get(&id).cloned()
    }
}

/// Learns a dictionary from samples, where they are enough to learn from.
pub(super) fn train(samples: &[Vec<u8>]) -> Option<Vec<u8>> {
    zstd::dict::from_samples(samples, DICTIONARY).ok()
}

/// What a dictionary is learnt from: the packed parts of a message, unpacked.
pub(super) fn samples(codec: &Codec, packed: &Packed, most: usize) -> Vec<Vec<u8>> {
    [
        Some(&packed.head),
        packed.request_body.as_ref(),
        packed.response_body.as_ref(),
    ]
    .into_iter()
    .flatten()
    .filter_map(|frame| codec.unpack_frame(frame).ok())
    .map(|mut bytes| {
        bytes.truncate(most);
        bytes
    })
    .filter(|bytes| bytes.len() > 16)
    .collect()
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec")
            .field("current", &*lock_read(&self.current))
            .finish_non_exhaustive()
    }
}

fn take<T>(pool: &Mutex<Vec<(Option<u32>, T)>>, id: Option<u32>) -> Option<(Option<u32>, T)> {
    let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
    let at = pool.iter().rposition(|(known, _)| *known == id)?;
    Some(pool.swap_remove(at))
}

/// A few are kept; more are only in use at once under a burst.
fn give_back<T>(pool: &Mutex<Vec<T>>, context: T) {
    let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.len() >= 8 {
        pool.remove(0);
    }
    pool.push(context);
}

fn lock_read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn lock_write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize) -> Message {
        Message::new()
            .request(
                Request::new("POST", format!("https://shop.example/items/{number}"))
                    .body(format!("{{\"item\":{number},\"colour\":\"green\"}}")),
            )
            .response(
                Response::new(200)
                    .header("content-type", "application/json")
                    .body(""),
            )
    }

    #[test]
    fn what_is_packed_unpacks_the_same_with_and_without_a_dictionary() {
        let codec = Codec::new(Vec::new());
        let mut first = message(0);
        let plain = codec.pack(&mut first).unwrap();
        let parts: Vec<_> = (0..2000)
            .flat_map(|number| samples(&codec, &codec.pack(&mut message(number)).unwrap(), 1024))
            .collect();
        let dictionary = train(&parts).unwrap();
        codec.learn(dictionary.clone());
        let small = codec.pack(&mut first).unwrap();
        assert!(
            small.head.len() < plain.head.len(),
            "{} < {}",
            small.head.len(),
            plain.head.len()
        );
        for packed in [plain, small] {
            assert_eq!(codec.unpack(&packed).unwrap(), first);
            assert_eq!(
                Codec::new(vec![dictionary.clone()])
                    .unpack(&packed)
                    .unwrap(),
                first
            );
        }
    }

    #[test]
    fn damage_is_an_error() {
        let codec = Codec::new(Vec::new());
        let mut packed = codec.pack(&mut message(1)).unwrap();
        packed.head.truncate(packed.head.len() / 2);
        assert!(codec.unpack(&packed).is_err());
        packed.head.clear();
        assert!(codec.unpack(&packed).is_err());
    }
}
