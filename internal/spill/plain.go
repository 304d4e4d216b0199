package spill

import (
	"fmt"
	"reflect"
	"unsafe"
)

// plain reports, as an error, what keeps values of a type from being written as they lie in memory.
func plain(t reflect.Type) error {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return nil
	case reflect.Array:
		return plain(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if err := plain(f.Type); err != nil {
				return fmt.Errorf("field %s: %w", f.Name, err)
			}
		}
		return nil
	default:
		return fmt.Errorf("%s may hold a pointer", t)
	}
}

// sizeOf is the size of one record in bytes.
func sizeOf[T any]() int64 {
	var zero T
	return int64(unsafe.Sizeof(zero)) //nolint:gosec // the size of a type, nothing is addressed
}

// bytesOf is the memory of records that plain has passed.
func bytesOf[T any](records []T) []byte {
	if len(records) == 0 {
		return nil
	}
	n := len(records) * int(sizeOf[T]())
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(records))), n) //nolint:gosec // no pointers inside: see plain
}
