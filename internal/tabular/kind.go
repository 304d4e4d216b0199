package tabular

import (
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// Kind is what the values of a column of a Parquet file are.
type Kind int

// The kinds of columns that callers tell apart.
const (
	Other Kind = iota
	Text       // of any length
	Whole      // whole numbers of 32 or 64 bits, which have no unit
	Truth
	Time // moments, in milliseconds, microseconds or nanoseconds
)

// Kind tells what a column, by its place among Columns, is by the schema of the file. A column of a CSV file is a text.
func (t *Table) Kind(column int) Kind {
	p, ok := t.kind.(*parquetFile)
	if !ok {
		return Text
	}
	return kindOf(p.schema[column])
}

// kindOf tells what the values of a column of a Parquet file are.
// Source: Apache Parquet, Logical Types.
func kindOf(c *schema.Column) Kind {
	plain, whole, moment := false, false, false
	switch t := c.LogicalType().(type) {
	case nil, schema.NoLogicalType, *schema.NoLogicalType, schema.UnknownLogicalType, *schema.UnknownLogicalType:
		plain, whole = true, true
	case schema.StringLogicalType, *schema.StringLogicalType, schema.EnumLogicalType, *schema.EnumLogicalType,
		schema.JSONLogicalType, *schema.JSONLogicalType:
		plain = true
	case schema.IntLogicalType, *schema.IntLogicalType:
		whole = true
	case schema.TimestampLogicalType:
		moment = t.TimeUnit() != schema.TimeUnitUnknown
	case *schema.TimestampLogicalType:
		moment = t.TimeUnit() != schema.TimeUnitUnknown
	}
	switch c.PhysicalType() {
	case parquet.Types.ByteArray:
		if plain {
			return Text
		}
	case parquet.Types.Boolean:
		return Truth
	case parquet.Types.Int32:
		if whole {
			return Whole
		}
	case parquet.Types.Int64:
		if whole {
			return Whole
		}
		if moment {
			return Time
		}
	}
	return Other
}
