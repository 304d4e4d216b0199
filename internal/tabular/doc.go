// Package tabular scans some columns of Parquet and CSV files, fast and in little memory, for the matcher of large sets.
//
// Nothing of a file but the columns asked for is decoded, and no row becomes an object: columns are handed on as the join
// package takes them, some thousand rows at a time. What is damaged is an error that names the file, the row group and
// column or the line, and what is wrong; never the content.
package tabular
