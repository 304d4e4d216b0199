package orc

// kind is an entry in the tree of types. Source: ORC v1, "Type Information".
type kind struct {
	code     uint64
	children []uint64
	names    []string
}

// The codes of the types that are read. Source: ORC v1, "Type Information"; 18 is a later addition of orc_proto.proto.
const (
	codeBoolean   = 0
	codeByte      = 1
	codeShort     = 2
	codeInt       = 3
	codeLong      = 4
	codeString    = 7
	codeTimestamp = 9
	codeStruct    = 12
	codeVarchar   = 16
	codeChar      = 17
	codeInstant   = 18 // a timestamp in UTC
)

// field is a column of the file.
type field struct {
	name string
	id   uint64 // of its type, which its streams name
	code uint64
	typ  Type
}

func parseType(m *memory, message []byte) (kind, error) {
	var k kind
	if err := m.take(2 * element); err != nil {
		return k, err
	}
	err := fields(message, func(p part) error {
		var err error
		switch p.tag {
		case 1<<3 | varint:
			k.code = p.number
		case 2<<3 | varint, 2<<3 | length:
			if err = m.take(element / 4 * max(1, len(p.bytes))); err == nil { // packed ones take a byte at least
				k.children, err = p.numbers(k.children)
			}
		case 3<<3 | length:
			if err = m.take(element + len(p.bytes)); err == nil {
				k.names = append(k.names, string(p.bytes))
			}
		}
		return err
	})
	return k, err
}

// columnsOf finds the columns in the tree of types: they are the children of its root.
func columnsOf(types []kind) ([]field, error) {
	if len(types) == 0 {
		return nil, damaged("has no types")
	}
	root := types[0]
	if root.code != codeStruct {
		return nil, unsupported("says that a row is no struct")
	}
	if len(root.names) != len(root.children) {
		return nil, damaged("has %d columns and %d names of columns", len(root.children), len(root.names))
	}
	columns := make([]field, len(root.children))
	for i, id := range root.children {
		if id == 0 || id >= uint64(len(types)) || i > 0 && id <= root.children[i-1] {
			return nil, damaged("names a type that is not there")
		}
		code := types[id].code
		columns[i] = field{name: root.names[i], id: id, code: code, typ: typeOf(code)}
	}
	return columns, nil
}

func typeOf(code uint64) Type {
	switch code {
	case codeString, codeVarchar, codeChar:
		return Text
	case codeByte, codeShort, codeInt, codeLong:
		return Whole
	case codeBoolean:
		return Truth
	case codeTimestamp, codeInstant:
		return Time
	default:
		return Other
	}
}
