#include "server/import/byte_source.h"

#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace touchstone::server {
namespace {

constexpr absl::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr unsigned kChunkBytes = 1 << 18;
constexpr int kMaxZstdWindowLog = 27;  // 128 MiB

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

// Plain files too: zlib hands on what is not its own.
class GzipBytes : public ByteSource {
 public:
  explicit GzipBytes(gzFile file) : file_(file) { gzbuffer(file_, kChunkBytes); }
  ~GzipBytes() override { gzclose(file_); }

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const int read = gzread(file_, buffer, static_cast<unsigned>(size));
    if (read > 0) return static_cast<size_t>(read);
    int code = Z_OK;
    const char* message = gzerror(file_, &code);
    if (read < 0 || (code != Z_OK && code != Z_STREAM_END)) return absl::DataLossError(message);
    return 0;
  }
  int64_t offset() const override { return gzoffset(file_); }

 private:
  gzFile file_;
};

class ZstdBytes : public ByteSource {
 public:
  explicit ZstdBytes(File file) : file_(std::move(file)), stream_(ZSTD_createDStream()) {
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kMaxZstdWindowLog);
    chunk_.resize(ZSTD_DStreamInSize());
  }
  ~ZstdBytes() override { ZSTD_freeDStream(stream_); }

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    ZSTD_outBuffer out = {buffer, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) {
        in_ = {chunk_.data(), std::fread(chunk_.data(), 1, chunk_.size(), file_.get()), 0};
        offset_ += static_cast<int64_t>(in_.size);
        if (std::ferror(file_.get()) != 0) return absl::DataLossError("the file cannot be read");
        if (in_.size == 0) {
          if (!inside_frame_) return 0;
          return absl::DataLossError("the file ends too early");
        }
      }
      const size_t left = ZSTD_decompressStream(stream_, &out, &in_);
      if (ZSTD_isError(left) != 0) return absl::DataLossError(ZSTD_getErrorName(left));
      inside_frame_ = left != 0;
    }
    return out.pos;
  }
  int64_t offset() const override { return offset_; }

 private:
  File file_;
  ZSTD_DStream* stream_;
  std::vector<char> chunk_;
  ZSTD_inBuffer in_ = {nullptr, 0, 0};
  bool inside_frame_ = false;
  int64_t offset_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> ByteSource::Open(const std::string& path) {
  File file(std::fopen(path.c_str(), "rb"));
  char head[kZstdMagic.size()] = {};
  if (file != nullptr) {
    const size_t read = std::fread(head, 1, sizeof(head), file.get());
    if (std::ferror(file.get()) != 0) file.reset();  // a folder can be opened, not read
    if (file != nullptr && absl::string_view(head, read) == kZstdMagic) {
      std::rewind(file.get());
      return std::unique_ptr<ByteSource>(std::make_unique<ZstdBytes>(std::move(file)));
    }
  }
  if (file == nullptr) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path, ". Name a file that exists."));
  }
  if (absl::EndsWith(path, ".zst")) {
    return absl::DataLossError(absl::StrCat(path,
                                            " is not in the zstd format: it is damaged, or "
                                            "its name should not end in .zst"));
  }
  gzFile gzip = gzopen(path.c_str(), "rb");
  if (gzip == nullptr) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return std::unique_ptr<ByteSource>(std::make_unique<GzipBytes>(gzip));
}

}  // namespace touchstone::server
