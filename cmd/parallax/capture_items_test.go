package main

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// peerTable is a table that is captured from a peer, with the names of its keys.
type peerTable struct {
	name string
	keys []string
	item func(n int) map[string]types.AttributeValue // a new item
}

// peerTables have a key of one string, and one of bytes and a number.
func peerTables() []peerTable {
	return []peerTable{
		{"idempotency-keys", []string{"pk"}, func(n int) map[string]types.AttributeValue {
			item := everyType(n)
			item["pk"] = attrS(fmt.Sprintf("order/%d%%é", n))
			return item
		}},
		{"binary-keys", []string{"id", "n"}, func(n int) map[string]types.AttributeValue {
			item := everyType(n)
			item["id"] = &types.AttributeValueMemberB{Value: []byte{0xff, 0xfe, '/', byte(n / 7)}}
			item["n"] = attrN([]string{"0", "-7", "1.5", "12345678901234567890123456789012345678", "0.000001", "100", "-99999999999999999999"}[n%7])
			return item
		}},
	}
}

func attrS(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func attrN(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

// everyType has an attribute of each type, in the spellings that are hardest to keep.
func everyType(n int) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"text": attrS(fmt.Sprintf("%d \"quoted\" \\ / <&> \u2028 \U0001F4B6 \x01", n)), "empty": attrS(""),
		"amount": attrN(fmt.Sprintf("%d.50", n)), "long": attrN("1234567890.1234567890123456789012345678"), "tiny": attrN("1E-130"), "huge": attrN("-9.99E+125"),
		"bytes": &types.AttributeValueMemberB{Value: []byte{0, 1, 0xfe, byte(n)}},
		"yes":   &types.AttributeValueMemberBOOL{Value: n%2 == 0}, "none": &types.AttributeValueMemberNULL{Value: true},
		"texts":   &types.AttributeValueMemberSS{Value: []string{"b", "a", strconv.Itoa(n)}},
		"numbers": &types.AttributeValueMemberNS{Value: []string{"10", "9", "-0.5", strconv.Itoa(n + 100)}},
		"blobs":   &types.AttributeValueMemberBS{Value: [][]byte{{2, byte(n)}, {1}, {0xff}}},
		"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			attrS("x"), attrN("1.0"), &types.AttributeValueMemberL{}, &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"deep": attrS("y")}},
		}},
		"map": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"z": attrN("01"), "a\"b": attrS("c")}},
	}
}

// everyTypeOf is another item of the same key.
func everyTypeOf(key map[string]types.AttributeValue, n int) map[string]types.AttributeValue {
	item := everyType(n)
	maps.Copy(item, key)
	return item
}
