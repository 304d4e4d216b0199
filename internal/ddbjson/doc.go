// Package ddbjson decodes answers of DynamoDB, as they come over the wire, straight into records: a page of a stream, a
// page of items, one record of a Kinesis data stream. It is a single pass over the body without maps or reflection; every
// item comes out as a record.Image, so that two equal items are one text.
//
// An answer that is not of its shape, or that says one thing twice, is refused as a whole (SyntaxError): a part of it
// proves nothing. A record whose content cannot be used is a Fault, and the records around it are good.
//
// Sources of the notation: DynamoDB API reference, "AttributeValue"; DynamoDB Streams API reference, "GetRecords",
// "Record", "StreamRecord"; Developer Guide, "Using Kinesis Data Streams to capture changes to DynamoDB"; RFC 8259.
package ddbjson
