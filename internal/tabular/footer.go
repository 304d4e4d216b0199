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
)

// checkFooter walks through the footer once before it is decoded, so that no list in it claims more elements than there are
// bytes: the decoder makes room for what is claimed.
// Source: Apache Parquet, "File format".
func checkFooter(f *os.File, size int64) error {
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
	if length > maxFooter || length > size-tailSize-int64(len(head)) {
		return fmt.Errorf("its footer claims %d bytes", length)
	}
	footer := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(f, size-tailSize-length, length), footer); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	t := &thrift{data: footer}
	if t.fields(0, func(int16, byte) bool { return false }); t.err != nil {
		return errFooter
	}
	return nil
}

var errFooter = errors.New("its footer breaks off or is damaged")
