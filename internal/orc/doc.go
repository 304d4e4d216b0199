// Package orc scans some columns of Apache ORC files, as Amazon S3 writes its inventories: a flat struct of texts, whole
// numbers, truth values and times. It does so in bounded memory, and nothing but the columns asked for is read.
//
// Columns are handed on as the join package takes them, some thousand rows at a time. What is damaged is an error that names
// the stripe, the column and the stream, and what is wrong; never the content. A scan that ends without an error has handed
// on exactly the rows that the file claims, and has found every stream it read at its end.
//
// ORC holds no checksums: a damaged byte within a text is not noticed here. Who needs to know compares the checksum that the
// manifest of the inventory gives.
//
// Source: Apache ORC, "ORC Specification v1" (orc.apache.org/specification/ORCv1), named ORC v1 below.
package orc
