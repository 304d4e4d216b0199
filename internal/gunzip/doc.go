// Package gunzip decompresses gzip files of many gigabytes of text, such as the lists of S3 Inventory.
//
// It takes what is in a file by its first hand: two letters at a time where their codes are short, and what is repeated by
// whole words. The CRC and the size that each member of a file ends with are always compared, so that nothing wrong comes
// out unnoticed. Memory is a few hundred kilobytes whatever the file claims.
//
// Source: RFC 1951 (DEFLATE) and RFC 1952 (GZIP).
package gunzip
