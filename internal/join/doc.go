// Package join matches two large keyed sets in bounded memory.
//
// Match reads both sides once, column by column and several parts at a time, and comes to the keys that are not exactly one
// row on each side with equal values: rows of one side only, values that differ, keys with more than one row on a side. They
// are yielded in the order of their keys, with all their rows. The outcome is the same whatever the number of workers, the
// memory, and the way that is taken:
//
//   - Sides whose rows are in the order of their keys are merged. Each is brought in order by a window, which mends small
//     disorder; larger disorder ends the merge, and the sides are read again by the other way.
//   - All other sides are parted by a hash of the keys, beyond the memory on disk, and partition by partition entered into a
//     table. A partition that is too large, such as one key with very many rows, is sorted instead.
//
// Keys are texts and whole numbers, one or several, of any length. They are packed without loss and compared byte by byte: a
// hash finds a place to look, and nothing more. It is seeded anew for each match, so that nobody can make up keys that fall
// together.
package join
