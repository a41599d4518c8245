#include "server/import/row_reader.h"

#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RowReaderTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = directory_.Sub(name);
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::vector<Row> Read(const std::string& path, const std::vector<std::string>& columns) {
    std::vector<Row> rows;
    auto reader = RowReader::Open(path, columns);
    EXPECT_TRUE(reader.ok()) << reader.status();
    if (!reader.ok()) return rows;
    for (Row row; (*reader)->Next(&row);) rows.push_back(row);
    EXPECT_TRUE((*reader)->status().ok()) << (*reader)->status();
    return rows;
  }

  store::TemporaryDirectory directory_;
};

TEST_F(RowReaderTest, TakesTheColumnsThatAreAskedForInAnyOrder) {
  const std::vector<Row> rows =
      Read(Write("a.csv", "\xef\xbb\xbfid,name,city\n1,Anna,Bern\n2,Berta,\n"), {"city", "id"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].cells, ElementsAre("Bern", "1"));
  EXPECT_EQ(rows[0].line, 2);
  EXPECT_THAT(rows[1].cells, ElementsAre("", "2"));
}

TEST_F(RowReaderTest, QuotesHoldCommasQuotesAndLineBreaks) {
  const std::vector<Row> rows =
      Read(Write("a.csv", "id,text\r\n1,\"a, \"\"b\"\"\nc\"\r\n2,5\" pipe\r\n\r\n3,last"),
           {"id", "text"});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0].cells, ElementsAre("1", "a, \"b\"\nc"));
  EXPECT_EQ(rows[1].line, 4);
  EXPECT_THAT(rows[1].cells, ElementsAre("2", "5\" pipe"));
  EXPECT_EQ(rows[2].line, 6);
  EXPECT_THAT(rows[2].cells, ElementsAre("3", "last"));
}

TEST_F(RowReaderTest, ABrokenRowIsNamedAndTheNextOneIsRead) {
  const std::vector<Row> rows =
      Read(Write("a.csv", "id,text\n1\n2,\"x\"y\n3,fine\n4,\"open\n"), {"id", "text"});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].error, "has 1 cells where the header has 2 columns");
  EXPECT_THAT(rows[1].error, HasSubstr("closing quote"));
  EXPECT_EQ(rows[2].error, "");
  EXPECT_THAT(rows[2].cells, ElementsAre("3", "fine"));
  EXPECT_THAT(rows[3].error, HasSubstr("not closed"));
  EXPECT_EQ(rows[1].raw, "2,\"x\"y");
}

TEST_F(RowReaderTest, ARowWithoutAnEndIsRefusedWithoutHoldingIt) {
  const std::string endless(3 * kMaxRowBytes, 'x');
  std::vector<Row> rows =
      Read(Write("a.csv", "id\n" + endless + "\n2\n" + endless + ",\"y\n3\n"), {"id"});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_THAT(rows[0].error, HasSubstr("longer than 1 MiB"));
  EXPECT_LE(rows[0].raw.size(), kMaxRowBytes + 1);
  EXPECT_THAT(rows[1].cells, ElementsAre("2"));
  EXPECT_THAT(rows[2].error, HasSubstr("longer than 1 MiB"));
  EXPECT_THAT(rows[3].cells, ElementsAre("3"));
  rows = Read(Write("a.jsonl", endless + "\n{\"id\":2}\n"), {"id"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].error, HasSubstr("longer than 1 MiB"));
  EXPECT_THAT(rows[1].cells, ElementsAre("2"));
}

TEST_F(RowReaderTest, AQuoteThatIsNeverClosedEndsAtTheLimit) {
  std::string text = "id\n\"1\n";
  const std::string line = "0123456789012345678901234567890\n";
  while (text.size() < 2 * kMaxRowBytes) text += line;
  const std::vector<Row> rows = Read(Write("a.csv", text), {"id"});
  ASSERT_GT(rows.size(), 1u);
  EXPECT_THAT(rows[0].error, HasSubstr("a quote is opened and not closed"));
  EXPECT_LE(rows[0].raw.size(), kMaxRowBytes + line.size() + 1);
  EXPECT_EQ(rows[1].error, "");
}

TEST_F(RowReaderTest, AByteOrderMarkIsNotPartOfTheFile) {
  EXPECT_EQ(Read(Write("a.csv", "\xef\xbb\xbf\"id\",b\n1,2\n"), {"id"}).size(), 1u);
  const std::vector<Row> rows = Read(Write("a.jsonl", "\xef\xbb\xbf{\"id\":1}\n"), {"id"});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].error, "");
}

TEST_F(RowReaderTest, AMissingColumnIsSaidWithThoseThatAreThere) {
  const auto reader = RowReader::Open(Write("a.csv", "id,city\n"), {"town"});
  EXPECT_THAT(std::string(reader.status().message()), HasSubstr("town"));
  EXPECT_THAT(std::string(reader.status().message()), HasSubstr("id, city"));
  EXPECT_FALSE(RowReader::Open(directory_.Sub("none.csv"), {}).ok());
  EXPECT_FALSE(RowReader::Open(Write("empty.csv", ""), {}).ok());
}

TEST_F(RowReaderTest, ReadsJsonLines) {
  const std::vector<Row> rows = Read(
      Write("a.jsonl",
            "{\"id\": 17850, \"price\": 2.550, \"tags\": [\"a\", \"b\"], \"name\": \"\\u00c4\"}\n"
            "\n{\"id\": null, \"more\": {\"x\": 1}, \"price\": true}\nnot json\n{\"id\": 1} x\n"),
      {"id", "price", "tags", "name"});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_THAT(rows[0].cells, ElementsAre("17850", "2.550", "[\"a\", \"b\"]", "\xc3\x84"));
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_THAT(rows[1].cells, ElementsAre("", "true", "", ""));
  EXPECT_EQ(rows[1].error, "");
  EXPECT_NE(rows[2].error, "");
  EXPECT_NE(rows[3].error, "");
}

TEST_F(RowReaderTest, ReadsGzipAndNoticesADamagedOne) {
  const std::string path = directory_.Sub("a.csv.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  std::string text = "id\n";
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919) + "\n";
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  EXPECT_EQ(Read(path, {"id"}).size(), 20000u);

  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string cut = Write("cut.csv.gz", bytes.substr(0, bytes.size() / 2));
  auto reader = RowReader::Open(cut, {"id"});
  ASSERT_TRUE(reader.ok());
  for (Row row; (*reader)->Next(&row);) {
  }
  EXPECT_THAT(std::string((*reader)->status().message()), HasSubstr("damaged"));
}

TEST_F(RowReaderTest, ReadsZstdAndNoticesADamagedOne) {
  std::string text = "id,name\n";
  for (int i = 0; i < 20000; ++i)
    text += std::to_string(i) + ",name of " + std::to_string(i) + "\n";
  std::string bytes(ZSTD_compressBound(text.size()), '\0');
  bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), text.data(), text.size(), 3));
  // Two frames, one after the other, are one file; the name does not matter to what it is.
  const std::vector<Row> rows = Read(Write("a.csv.zst", bytes), {"name"});
  ASSERT_EQ(rows.size(), 20000u);
  EXPECT_EQ(rows.back().cells[0], "name of 19999");
  EXPECT_EQ(Read(Write("b.csv", bytes), {"name"}).size(), 20000u);
  EXPECT_EQ(Read(Write("c.csv", bytes + bytes), {"name"}).size(), 40001u);

  const std::string cut = Write("cut.csv.zst", bytes.substr(0, bytes.size() / 2));
  auto reader = RowReader::Open(cut, {"name"});
  ASSERT_TRUE(reader.ok()) << reader.status();
  for (Row row; (*reader)->Next(&row);) continue;
  EXPECT_THAT(std::string((*reader)->status().message()), HasSubstr("damaged"));
  EXPECT_THAT(std::string(RowReader::Open(Write("no.csv.zst", text), {"name"}).status().message()),
              HasSubstr("not in the zstd format"));
}

}  // namespace
}  // namespace touchstone::server
