package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"

	"parallax/internal/join"
	"parallax/internal/orc"
)

// orcMemory is what one scan of an ORC file may hold. S3 writes stripes whose wanted columns take some megabytes.
const orcMemory = 256 << 20

// orcDecoder reads the wanted columns of an ORC file by internal/orc.
type orcDecoder struct{}

func (orcDecoder) decode(ctx context.Context, f *os.File, size int64, each func(*columns) error) error {
	file, err := orc.OpenReaderAt(f, size, orc.Options{Memory: orcMemory})
	if err != nil {
		return orcFault(err)
	}
	names := file.Columns()
	at, err := placesOf(names)
	if err != nil {
		return err
	}
	if file.Rows() > freeRows+rowsPerByte*size {
		return &damageError{fmt.Sprintf("claims %d rows in %d bytes", file.Rows(), size)}
	}
	var c columns
	var order []field
	var wanted []string
	for f := range fieldCount {
		if !at.has(f) {
			continue
		}
		if is, err := file.Type(names[at[f]]); err != nil || is != f.orcType() {
			return &unsupportedError{fmt.Sprintf("has column %s as %s", fieldNames[f], is)}
		}
		c.has[f] = true
		order, wanted = append(order, f), append(wanted, names[at[f]])
	}
	var stopped error
	err = file.Scan(ctx, wanted, func(b *join.Batch) error {
		c.rows = b.Rows
		for i, f := range order {
			c.of[f] = b.Value[i]
		}
		stopped = each(&c)
		return stopped
	})
	switch {
	case stopped != nil:
		return stopped
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return orcFault(err)
	}
	return nil
}

// orcType is what the values of a field are in ORC.
func (f field) orcType() orc.Type {
	switch f {
	case fieldLatest, fieldMarker, fieldMultipart:
		return orc.Truth
	case fieldSize:
		return orc.Whole
	case fieldModified:
		return orc.Time
	default:
		return orc.Text
	}
}

// orcFault tells damage from what is not read.
func orcFault(err error) error {
	if errors.Is(err, orc.ErrUnsupported) {
		return &unsupportedError{"cannot be read: " + err.Error()}
	}
	return &damageError{"is damaged: " + err.Error()}
}
