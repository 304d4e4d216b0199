package ddbtable_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parallax/internal/record"
	"parallax/sources/ddbtable"
)

// A table of two key attributes with items of every type, in dynoxide, a DynamoDB server by other people.
func TestScanOfPeer(t *testing.T) {
	s := source(startPeer(t))
	client, _ := s.Tables.(*dynamodb.Client)
	createTable(t, client)
	want := map[string]record.Image{}
	for i := range 60 {
		item, image := everyType(i)
		want[keyText(i)] = image
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	for _, segments := range []int{1, 4} {
		s.Segments = segments
		r := read(t, s)
		if r.err != nil || len(r.gaps) > 0 || len(r.twice) > 0 || len(r.items) != len(want) {
			t.Fatalf("%d segments: err %v, gaps %+v, twice %v, %d items", segments, r.err, r.gaps, r.twice, len(r.items))
		}
		for key, image := range want {
			if r.items[key] != image {
				t.Fatalf("%s is %q, want %q", key, r.items[key], image)
			}
		}
		if units := r.extents[ddbtable.ExtentScan].Totals["read capacity units"]; units == "0" {
			t.Error("it cost nothing")
		}
	}
	keys := []string{keyText(3), strings.TrimSuffix(keyText(3), "3") + "4"}
	got, err := s.Get(t.Context(), window, keys)
	if err != nil || len(got.Gaps) > 0 || got.Images[keys[0]] != want[keys[0]] || got.Images[keys[1]] != "" {
		t.Errorf("%+v, %v", got, err)
	}
	s.Table = "other"
	if r := read(t, s); len(r.gaps) != 1 {
		t.Errorf("gaps %+v", r.gaps)
	}
}

// hash is the first part of an item's key; its base64 has slashes in it.
func hash(i int) []byte { return []byte{0, 0x0f, 0xff, byte(i)} }

// keyText is the text of an item's key.
func keyText(i int) string {
	return strings.ReplaceAll(base64.StdEncoding.EncodeToString(hash(i)), "/", "%2F") + "/" + strconv.Itoa(i)
}

// everyType is an item with a value of every type, and its image.
func everyType(i int) (map[string]types.AttributeValue, record.Image) {
	item := map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberB{Value: hash(i)}, "sk": &types.AttributeValueMemberN{Value: strconv.Itoa(i)},
		"b": &types.AttributeValueMemberBOOL{Value: true}, "n": &types.AttributeValueMemberNULL{Value: true},
		"s": &types.AttributeValueMemberS{Value: "é\"\n"},
		"x": &types.AttributeValueMemberSS{Value: []string{"b", "a"}}, "y": &types.AttributeValueMemberNS{Value: []string{"2.0", "1e1"}},
		"z": &types.AttributeValueMemberBS{Value: [][]byte{{2}, {1}}},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberN{Value: "1.50"}}},
		"m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": &types.AttributeValueMemberS{Value: "v"}}},
	}
	return item, record.Image(fmt.Sprintf(`{"b":{"BOOL":true},"l":{"L":[{"N":"1.5"}]},"m":{"M":{"k":{"S":"v"}}},"n":{"NULL":true},`+
		`"pk":{"B":%q},"s":{"S":"é\"\u000a"},"sk":{"N":"%d"},"x":{"SS":["a","b"]},"y":{"NS":["10","2"]},"z":{"BS":["AQ==","Ag=="]}}`,
		base64.StdEncoding.EncodeToString(hash(i)), i))
}

func createTable(t *testing.T, client *dynamodb.Client) {
	t.Helper()
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String(table), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeB}, {AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// startPeer starts dynoxide, where the Makefile installs it, on a free port and returns its address once it takes connections.
func startPeer(t *testing.T) string {
	t.Helper()
	binary, err := filepath.Abs("../../.tools/npm/node_modules/@dynoxide/linux-x64/dynoxide")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("dynoxide, a server to compare with, is not installed: run `make tools`: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	ctx, cancel := context.WithCancel(context.Background())
	peer := exec.CommandContext(ctx, binary, "serve", "--host", "127.0.0.1", "--port", port)
	peer.Dir = t.TempDir()
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- peer.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	for range 100 {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			return "http://" + address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s took no connection on %s", binary, address)
	return ""
}
