package tabular

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	magicParquet = "PAR1"
	tailSize     = 8 // the size of the footer in four bytes, and the magic
	maxFooter    = 64 << 20
	maxColumns   = 1 << 14
	fieldSchema  = 2
	// structsPerColumn is one and those of its type.
	structsPerColumn = 4
	// bytesPerStruct is fewer than a sound footer has for each of its structs, of which the decoder makes some hundred bytes.
	bytesPerStruct = 16
)

// checkFooter walks through the footer once before it is decoded, so that no list in it claims more elements than there are
// bytes, nor has more structs and columns than a footer of at most so many bytes may: the decoder makes room for what is claimed.
// Source: Apache Parquet, "File format".
func checkFooter(f *os.File, size, most int64) error {
	var head [len(magicParquet)]byte
	var tail [tailSize]byte
	if size < int64(len(head)+len(tail)) {
		return errors.New("it is too short")
	}
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if _, err := f.ReadAt(tail[:], size-tailSize); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if string(head[:]) != magicParquet || string(tail[4:]) != magicParquet {
		return errors.New("it does not begin and end as one")
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if length > most || length > size-tailSize-int64(len(head)) {
		return fmt.Errorf("its footer claims %d bytes", length)
	}
	footer := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(f, size-tailSize-length, length), footer); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	t := &thrift{data: footer, most: most / bytesPerStruct}
	t.fields(0, func(id int16, kind byte) bool {
		if id != fieldSchema {
			return false
		}
		all := t.most
		t.most = min(all, structsPerColumn*maxColumns)
		t.skip(kind, 0)
		t.most = all
		return true
	})
	switch {
	case errors.Is(t.err, errMany):
		return errors.New("its footer has more columns or row groups than are read")
	case t.err != nil:
		return errFooter
	}
	return nil
}

var errFooter = errors.New("its footer breaks off or is damaged")
