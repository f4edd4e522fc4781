//! A blocked Bloom filter: one cache line a lookup. Says "surely not here" for most streams and ids of other segments.
//!
//! On disk: blocks of 64 bytes. A key's 64-bit hash chooses the block by its upper 32 bits (scaled to the number of
//! blocks) and six bits in it by 9-bit groups of a multiplied lower half. About 1 % of the answers are falsely "maybe".

/// Bytes of a block: one cache line.
pub const BLOCK_BYTES: usize = 64;
const KEYS_PER_BLOCK: usize = 40;
const BITS_PER_KEY: u32 = 6;

/// FNV-1a over the bytes, then splitmix64's finish. Part of the index format: never changed.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// How many blocks a filter for so many keys has.
pub fn blocks(keys: usize) -> usize {
    keys.div_ceil(KEYS_PER_BLOCK).max(1)
}

/// The filter of these key hashes.
pub fn build(hashes: impl ExactSizeIterator<Item = u64>) -> Vec<u8> {
    let blocks = blocks(hashes.len());
    let mut bytes = vec![0; blocks * BLOCK_BYTES];
    for hash in hashes {
        set(&mut bytes, block_of(hash, blocks), hash);
    }
    bytes
}

/// Puts a key into a block of a filter.
pub fn set(filter: &mut [u8], block: usize, hash: u64) {
    let start = block * BLOCK_BYTES;
    bits(hash).for_each(|bit| filter[start + bit / 8] |= 1 << (bit % 8));
}

/// Whether the key may have been among those the filter was built of. An empty filter says yes.
pub fn may_contain(filter: &[u8], hash: u64) -> bool {
    let blocks = filter.len() / BLOCK_BYTES;
    if blocks == 0 {
        return true;
    }
    let start = block_of(hash, blocks) * BLOCK_BYTES;
    bits(hash).all(|bit| filter[start + bit / 8] & (1 << (bit % 8)) != 0)
}

/// The block of a key in a filter of so many. A greater hash never has a smaller block.
pub fn block_of(hash: u64, blocks: usize) -> usize {
    (((hash >> 32) * blocks as u64) >> 32) as usize
}

fn bits(hash: u64) -> impl Iterator<Item = usize> {
    let mixed = (hash & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..BITS_PER_KEY).map(move |i| ((mixed >> (64 - 9 * (i + 1))) & 511) as usize)
}
