<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
  <context>
    <name>Tutor</name>
    <message>
      <source>Demo</source>
      <translation>演示</translation>
    </message>
    <message>
      <source>Choose a table</source>
      <translation>选择表格</translation>
    </message>
    <message>
      <source>Choose a folder</source>
      <translation>选择文件夹</translation>
    </message>
    <message>
      <source>The scoring process could not be started.</source>
      <translation>无法启动评分进程。</translation>
    </message>
    <message>
      <source>class-summary</source>
      <translation>班级小结</translation>
    </message>
    <message>
      <source>Learner {number}</source>
      <translation>学员 {number}</translation>
    </message>
    <message>
      <source>Save the class summary</source>
      <translation>保存班级小结</translation>
    </message>
    <message>
      <source>Saved: {path}</source>
      <translation>已保存：{path}</translation>
    </message>
    <message>
      <source>Sound</source>
      <translation>音</translation>
    </message>
    <message>
      <source>Mean</source>
      <translation>平均分</translation>
    </message>
    <message>
      <source>hard for</source>
      <translation>觉得难的人数</translation>
    </message>
    <message>
      <source>Name</source>
      <translation>姓名</translation>
    </message>
    <message>
      <source>Recordings</source>
      <translation>录音</translation>
    </message>
    <message>
      <source>Overall</source>
      <translation>总分</translation>
    </message>
    <message>
      <source>Class summary</source>
      <translation>班级小结</translation>
    </message>
    <message>
      <source>{count} learners</source>
      <translation>{count} 名学员</translation>
    </message>
    <message>
      <source>Sounds the class finds hard</source>
      <translation>全班觉得难的音</translation>
    </message>
    <message>
      <source>Learners</source>
      <translation>学员</translation>
    </message>
    <message>
      <source>Scores 0–100: ✓ good from 80, ~ fair from 60, ✗ needs work below.</source>
      <translation>分数 0–100：✓ 80 分起为好，~ 60 分起为尚可，✗ 以下需要练习。</translation>
    </message>
    <message>
      <source>The engine failed, so the CPU took over. ({reason})</source>
      <translation>推理引擎出错，已改用 CPU。（{reason}）</translation>
    </message>
    <message>
      <source>No model</source>
      <translation>没有模型</translation>
    </message>
    <message>
      <source>The graphics engine is ready: your next recording is scored by it.</source>
      <translation>显卡引擎已就绪：下一段录音将由它评分。</translation>
    </message>
    <message>
      <source>The history was damaged and was set aside as {path}; a new one was begun.</source>
      <translation>练习记录已损坏，已另存为 {path}，并建立了新的记录。</translation>
    </message>
    <message>
      <source>Quick score</source>
      <translation>快速评分</translation>
    </message>
    <message>
      <source>The graphics engine was not built; the CPU goes on scoring.</source>
      <translation>没有构建显卡引擎，继续由 CPU 评分。</translation>
    </message>
    <message>
      <source>The graphics engine could not be built, so the CPU goes on scoring. ({reason})</source>
      <translation>显卡引擎构建失败，继续由 CPU 评分。（{reason}）</translation>
    </message>
    <message>
      <source>Open a text file</source>
      <translation>打开文本文件</translation>
    </message>
    <message>
      <source>Text</source>
      <translation>文本</translation>
    </message>
    <message>
      <source>The sound of this attempt was not kept. You can allow that in Settings.</source>
      <translation>这次练习没有保留录音。可以在“设置”中允许保留。</translation>
    </message>
    <message>
      <source>Drill of /{ipa}/</source>
      <translation>/{ipa}/ 专项练习</translation>
    </message>
    <message>
      <source>Today's drill</source>
      <translation>今日练习</translation>
    </message>
    <message>
      <source>mispronounced</source>
      <translation>发音有误</translation>
    </message>
    <message>
      <source>left out</source>
      <translation>漏读</translation>
    </message>
    <message>
      <source>extra word</source>
      <translation>多读</translation>
    </message>
    <message>
      <source>repeated</source>
      <translation>重复</translation>
    </message>
    <message>
      <source>pronunciation guessed from the spelling</source>
      <translation>读音由拼写推测</translation>
    </message>
    <message>
      <source>Wave</source>
      <translation>波形</translation>
    </message>
    <message>
      <source>Pitch</source>
      <translation>音高</translation>
    </message>
    <message>
      <source>Energy</source>
      <translation>音强</translation>
    </message>
    <message>
      <source>Spectrum</source>
      <translation>频谱</translation>
    </message>
    <message>
      <source>Waveform, pitch, energy and spectrum of the recording</source>
      <translation>录音的波形、音高、音强和频谱</translation>
    </message>
    <message>
      <source>Open a recording</source>
      <translation>打开录音</translation>
    </message>
    <message>
      <source>Word pair</source>
      <translation>单词对比</translation>
    </message>
    <message>
      <source>That was too short to score; say the whole sentence.</source>
      <translation>录音太短，无法评分；请读完整句。</translation>
    </message>
    <message>
      <source>That was the last sentence of this list. Choose another lesson, or go over it again.</source>
      <translation>这是列表的最后一句。请选择别的课程，或再练一遍。</translation>
    </message>
    <message>
      <source>Something went wrong inside Tutor ({error}). Your work is kept; go on, or restart if it happens again.</source>
      <translation>程序内部出错（{error}）。你的练习已保留；可以继续，若再次出现请重新启动。</translation>
    </message>
    <message>
      <source>Export everything</source>
      <translation>导出全部数据</translation>
    </message>
    <message>
      <source>All recordings were deleted.</source>
      <translation>所有录音已删除。</translation>
    </message>
    <message>
      <source>Everything was deleted.</source>
      <translation>所有数据已删除。</translation>
    </message>
    <message>
      <source>{count} attempts saved: {path}</source>
      <translation>已保存 {count} 次练习：{path}</translation>
    </message>
    <message>
      <source>/{ipa}/ as in “{word}”</source>
      <translation>/{ipa}/，如 “{word}”</translation>
    </message>
    <message>
      <source>The mouth from the side for /{ipa}/</source>
      <translation>/{ipa}/ 的口腔侧面图</translation>
    </message>
    <message>
      <source>The lips for /{ipa}/</source>
      <translation>/{ipa}/ 的唇形</translation>
    </message>
    <message>
      <source>Tongue</source>
      <translation>舌头</translation>
    </message>
    <message>
      <source>Lips</source>
      <translation>嘴唇</translation>
    </message>
    <message>
      <source>Voice</source>
      <translation>声带</translation>
    </message>
    <message>
      <source>What to work on</source>
      <translation>改进建议</translation>
    </message>
    <message>
      <source>Nothing stands out: well said. Go on with the next sentence.</source>
      <translation>没有明显问题，读得很好。继续下一句吧。</translation>
    </message>
    <message>
      <source>Say this pair now</source>
      <translation>现在就练这一对</translation>
    </message>
    <message>
      <source>TextGrids for Praat</source>
      <translation>Praat 用的 TextGrid</translation>
    </message>
    <message>
      <source>Report as web page and PDF</source>
      <translation>网页和 PDF 报告</translation>
    </message>
    <message>
      <source>Pitch, intensity and formants</source>
      <translation>音高、音强和共振峰</translation>
    </message>
    <message>
      <source>Pitch and intensity curves of every recording</source>
      <translation>每条录音的音高和音强曲线</translation>
    </message>
    <message>
      <source>Results</source>
      <translation>结果</translation>
    </message>
    <message>
      <source>Check the input</source>
      <translation>检查输入</translation>
    </message>
    <message>
      <source>Score all</source>
      <translation>全部评分</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>停止</translation>
    </message>
    <message>
      <source>Open the report</source>
      <translation>打开报告</translation>
    </message>
    <message>
      <source>Messages of the run</source>
      <translation>运行消息</translation>
    </message>
    <message>
      <source>{done} of {total} recordings</source>
      <translation>已完成 {done} / {total} 条录音</translation>
    </message>
    <message>
      <source>Score a whole folder for research: sound files with a .txt, .lab or .TextGrid beside each, or a table with the columns path and text.</source>
      <translation>为研究批量评分：文件夹中每个声音文件旁有同名 .txt、.lab 或 .TextGrid，或使用含 path 和 text 两列的表格。</translation>
    </message>
    <message>
      <source>List what is wrong with the input, score nothing</source>
      <translation>只列出输入的问题，不评分</translation>
    </message>
    <message>
      <source>Begin, or go on with an unfinished run</source>
      <translation>开始，或继续未完成的运行</translation>
    </message>
    <message>
      <source>Finish the files in hand; the next run goes on from there</source>
      <translation>处理完手头的文件后停止；下次从这里继续</translation>
    </message>
    <message>
      <source>Show report.html</source>
      <translation>查看 report.html</translation>
    </message>
    <message>
      <source>Reading the input…</source>
      <translation>正在读取输入…</translation>
    </message>
    <message>
      <source>Nothing run yet</source>
      <translation>尚未运行</translation>
    </message>
    <message>
      <source>Folder…</source>
      <translation>文件夹…</translation>
    </message>
    <message>
      <source>Table…</source>
      <translation>表格…</translation>
    </message>
    <message>
      <source>Choose with a dialog</source>
      <translation>在对话框中选择</translation>
    </message>
    <message>
      <source>converting the model</source>
      <translation>转换模型</translation>
    </message>
    <message>
      <source>calibrating</source>
      <translation>校准</translation>
    </message>
    <message>
      <source>choosing kernels</source>
      <translation>挑选内核</translation>
    </message>
    <message>
      <source>checking it against the CPU</source>
      <translation>与 CPU 结果核对</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>取消</translation>
    </message>
    <message>
      <source>Stop building; the CPU goes on scoring and nothing is lost</source>
      <translation>停止构建；CPU 继续评分，不会丢失任何内容</translation>
    </message>
    <message>
      <source>Stopping the graphics engine's build…</source>
      <translation>正在停止构建显卡引擎…</translation>
    </message>
    <message>
      <source>Preparing the graphics engine; go on practising meanwhile</source>
      <translation>正在准备显卡引擎，您可以继续练习</translation>
    </message>
    <message>
      <source>Name, or several with commas</source>
      <translation>姓名，多个用逗号隔开</translation>
    </message>
    <message>
      <source>Names to add</source>
      <translation>要添加的姓名</translation>
    </message>
    <message>
      <source>Add</source>
      <translation>添加</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>移除</translation>
    </message>
    <message>
      <source>Lesson</source>
      <translation>课程</translation>
    </message>
    <message>
      <source>Hide names</source>
      <translation>隐藏姓名</translation>
    </message>
    <message>
      <source>Show numbers instead of names, on the projector and in reports</source>
      <translation>在投影和报告中用编号代替姓名</translation>
    </message>
    <message>
      <source>Open on the projector</source>
      <translation>在投影上打开</translation>
    </message>
    <message>
      <source>The summary appears once learners of the roster have recorded something.</source>
      <translation>名单上的学员录音后，这里会显示小结。</translation>
    </message>
    <message>
      <source>What the class finds hard</source>
      <translation>全班的难点</translation>
    </message>
    <message>
      <source>Class</source>
      <translation>班级</translation>
    </message>
    <message>
      <source>Step through a lesson together on the projector. Each learner's takes are kept under their name.</source>
      <translation>在投影上一起学习一课。每名学员的练习都记在自己名下。</translation>
    </message>
    <message>
      <source>Add to the roster (Enter)</source>
      <translation>加入名单（回车）</translation>
    </message>
    <message>
      <source>Take the chosen learner off the roster; the takes stay</source>
      <translation>将所选学员移出名单；练习记录保留</translation>
    </message>
    <message>
      <source>Full screen with large type; Esc comes back</source>
      <translation>全屏大字；按 Esc 返回</translation>
    </message>
    <message>
      <source>Save as web page…</source>
      <translation>存为网页…</translation>
    </message>
    <message>
      <source>Save as PDF…</source>
      <translation>存为 PDF…</translation>
    </message>
    <message>
      <source>Save as table…</source>
      <translation>存为表格…</translation>
    </message>
    <message>
      <source>Roster</source>
      <translation>名单</translation>
    </message>
    <message>
      <source>due today</source>
      <translation>今天该练</translation>
    </message>
    <message>
      <source>said {count} times</source>
      <translation>读过 {count} 次</translation>
    </message>
    <message>
      <source>How to make it</source>
      <translation>怎么发这个音</translation>
    </message>
    <message>
      <source>Practise</source>
      <translation>开始练习</translation>
    </message>
    <message>
      <source>Nothing to drill yet</source>
      <translation>还没有要专项练习的音</translation>
    </message>
    <message>
      <source>Say a few sentences on the Practice page; the sounds that need work will appear here.</source>
      <translation>先在“练习”页读几句；需要加强的音会出现在这里。</translation>
    </message>
    <message>
      <source>mostly heard as /{heard}/</source>
      <translation>多听成 /{heard}/</translation>
    </message>
    <message>
      <source>not always clear</source>
      <translation>有时不够清楚</translation>
    </message>
    <message>
      <source>Where tongue and lips go</source>
      <translation>舌头和嘴唇的位置</translation>
    </message>
    <message>
      <source>Say sentences with this sound</source>
      <translation>读含有这个音的句子</translation>
    </message>
    <message>
      <source>Ten sentences for the sounds that are due</source>
      <translation>为今天该练的音准备的十个句子</translation>
    </message>
    <message>
      <source>Your latest recordings say these sounds deserve a few minutes. They come back until they sit.</source>
      <translation>最近的录音显示，这些音值得花几分钟练习。练熟之前会反复出现。</translation>
    </message>
    <message>
      <source>Weak sounds</source>
      <translation>薄弱音</translation>
    </message>
    <message>
      <source>Everyday</source>
      <translation>日常用语</translation>
    </message>
    <message>
      <source>Minimal pairs</source>
      <translation>最小对立体</translation>
    </message>
    <message>
      <source>Tongue twisters</source>
      <translation>绕口令</translation>
    </message>
    <message>
      <source>Stress</source>
      <translation>重音</translation>
    </message>
    <message>
      <source>Intonation</source>
      <translation>语调</translation>
    </message>
    <message>
      <source>Passages</source>
      <translation>短文</translation>
    </message>
    <message>
      <source>Practise this lesson</source>
      <translation>练习本课</translation>
    </message>
    <message>
      <source>Search words</source>
      <translation>搜索单词</translation>
    </message>
    <message>
      <source>Kind of lesson</source>
      <translation>课程类型</translation>
    </message>
    <message>
      <source>Sound to practise</source>
      <translation>要练的音</translation>
    </message>
    <message>
      <source>Lessons</source>
      <translation>课程</translation>
    </message>
    <message>
      <source>Begin with the first sentence</source>
      <translation>从第一句开始</translation>
    </message>
    <message>
      <source>All levels</source>
      <translation>所有级别</translation>
    </message>
    <message>
      <source>Show this level only</source>
      <translation>只显示该级别</translation>
    </message>
    <message>
      <source>{done} of {total} tried</source>
      <translation>已练 {done} / {total}</translation>
    </message>
    <message>
      <source>No lesson matches</source>
      <translation>没有符合条件的课程</translation>
    </message>
    <message>
      <source>Loading…</source>
      <translation>正在载入…</translation>
    </message>
    <message>
      <source>Choose other filters.</source>
      <translation>请更换筛选条件。</translation>
    </message>
    <message>
      <source>All kinds</source>
      <translation>所有类型</translation>
    </message>
    <message>
      <source>All sounds</source>
      <translation>所有音</translation>
    </message>
    <message>
      <source>Type or paste here, or drop a .txt file</source>
      <translation>在此输入或粘贴，或拖入 .txt 文件</translation>
    </message>
    <message>
      <source>Your text</source>
      <translation>你的文本</translation>
    </message>
    <message>
      <source>Paste</source>
      <translation>粘贴</translation>
    </message>
    <message>
      <source>Open a text file…</source>
      <translation>打开文本文件…</translation>
    </message>
    <message>
      <source>Your sentences appear here.</source>
      <translation>句子会显示在这里。</translation>
    </message>
    <message>
      <source>My text</source>
      <translation>我的文本</translation>
    </message>
    <message>
      <source>Paste any English text. Tutor cuts it into sentences for you to say.</source>
      <translation>粘贴任意英文文本，程序会分成句子供你朗读。</translation>
    </message>
    <message>
      <source>Replace the text by the clipboard</source>
      <translation>用剪贴板内容替换文本</translation>
    </message>
    <message>
      <source>Read a .txt file</source>
      <translation>读取 .txt 文件</translation>
    </message>
    <message>
      <source>{count} sentences</source>
      <translation>{count} 个句子</translation>
    </message>
    <message>
      <source>Sentences</source>
      <translation>句子</translation>
    </message>
    <message>
      <source>Listen</source>
      <translation>听示范</translation>
    </message>
    <message>
      <source>Hear the sentence, at normal speed or slowly.</source>
      <translation>用正常或较慢的速度听句子。</translation>
    </message>
    <message>
      <source>Record</source>
      <translation>录音</translation>
    </message>
    <message>
      <source>Press Space and say it. Recording stops when you do.</source>
      <translation>按空格键开始朗读，读完会自动停止。</translation>
    </message>
    <message>
      <source>See and improve</source>
      <translation>查看并改进</translation>
    </message>
    <message>
      <source>Every sound gets a score, a picture and a tip.</source>
      <translation>每个音都有分数、图示和建议。</translation>
    </message>
    <message>
      <source>Solid: your pitch in semitones. Dashed: the reference. Drag to hear, scroll to zoom.</source>
      <translation>实线：你的音高（半音）；虚线：示范。拖动可播放片段，滚轮缩放。</translation>
    </message>
    <message>
      <source>Show the loudness</source>
      <translation>显示音强</translation>
    </message>
    <message>
      <source>Show the spectrogram</source>
      <translation>显示频谱图</translation>
    </message>
    <message>
      <source>Zoom to the chosen word</source>
      <translation>放大到所选单词</translation>
    </message>
    <message>
      <source>Show the whole recording</source>
      <translation>显示整段录音</translation>
    </message>
    <message>
      <source>Your voice</source>
      <translation>你的声音</translation>
    </message>
    <message>
      <source>Your scores appear here after the first sentence.</source>
      <translation>读完第一句后，这里会显示你的成绩。</translation>
    </message>
    <message>
      <source>days in a row</source>
      <translation>连续练习天数</translation>
    </message>
    <message>
      <source>days with practice</source>
      <translation>练习过的天数</translation>
    </message>
    <message>
      <source>recordings scored</source>
      <translation>已评分录音</translation>
    </message>
    <message>
      <source>mean of the last ten</source>
      <translation>最近十次平均分</translation>
    </message>
    <message>
      <source>Sentence</source>
      <translation>句子</translation>
    </message>
    <message>
      <source>Double click or Enter: hear it, where its sound was kept</source>
      <translation>双击或回车：播放（如果保留了录音）</translation>
    </message>
    <message>
      <source>All sentences</source>
      <translation>所有句子</translation>
    </message>
    <message>
      <source>Sound /{ipa}/ over time</source>
      <translation>/{ipa}/ 音的变化</translation>
    </message>
    <message>
      <source>Sounds over time</source>
      <translation>各音的变化</translation>
    </message>
    <message>
      <source>Scores over time</source>
      <translation>分数变化</translation>
    </message>
    <message>
      <source>Hear this attempt</source>
      <translation>播放这次练习</translation>
    </message>
    <message>
      <source>Overall score</source>
      <translation>总分</translation>
    </message>
    <message>
      <source>Progress</source>
      <translation>进步</translation>
    </message>
    <message>
      <source>Best</source>
      <translation>最好</translation>
    </message>
    <message>
      <source>Latest</source>
      <translation>最近</translation>
    </message>
    <message>
      <source>Sentences over time</source>
      <translation>句子分数变化</translation>
    </message>
    <message>
      <source>Latest recordings</source>
      <translation>最近的录音</translation>
    </message>
    <message>
      <source>{arpabet}: {score} in the last {count}</source>
      <translation>{arpabet}：最近 {count} 次平均 {score} 分</translation>
    </message>
    <message>
      <source>{arpabet}: not said yet</source>
      <translation>{arpabet}：还没有读过</translation>
    </message>
    <message>
      <source>Replay</source>
      <translation>回放</translation>
    </message>
    <message>
      <source>/{heard}/ for /{expected}/</source>
      <translation>把 /{expected}/ 读成 /{heard}/</translation>
    </message>
    <message>
      <source>Tutor – class</source>
      <translation>Tutor – 班级</translation>
    </message>
    <message>
      <source>Previous learner</source>
      <translation>上一名学员</translation>
    </message>
    <message>
      <source>Next learner</source>
      <translation>下一名学员</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>关闭</translation>
    </message>
    <message>
      <source>Back</source>
      <translation>上一句</translation>
    </message>
    <message>
      <source>Next</source>
      <translation>下一句</translation>
    </message>
    <message>
      <source>Hear this take</source>
      <translation>播放这次录音</translation>
    </message>
    <message>
      <source>Heard {sounds}</source>
      <translation>听到：{sounds}</translation>
    </message>
    <message>
      <source>Left out: {words}</source>
      <translation>漏读：{words}</translation>
    </message>
    <message>
      <source>Before</source>
      <translation>上一次</translation>
    </message>
    <message>
      <source>Now</source>
      <translation>这一次</translation>
    </message>
    <message>
      <source>Previous learner (Page up)</source>
      <translation>上一名学员（Page Up）</translation>
    </message>
    <message>
      <source>Next learner (Page down)</source>
      <translation>下一名学员（Page Down）</translation>
    </message>
    <message>
      <source>Back to the window (Esc)</source>
      <translation>返回窗口（Esc）</translation>
    </message>
    <message>
      <source>Previous sentence (Shift+Enter)</source>
      <translation>上一句（Shift+回车）</translation>
    </message>
    <message>
      <source>Hear the sentence (L)</source>
      <translation>听句子（L）</translation>
    </message>
    <message>
      <source>Record or stop (Space)</source>
      <translation>录音或停止（空格）</translation>
    </message>
    <message>
      <source>Next sentence (Enter)</source>
      <translation>下一句（回车）</translation>
    </message>
    <message>
      <source>All sounds clear</source>
      <translation>所有音都清楚</translation>
    </message>
    <message>
      <source>Scoring…</source>
      <translation>正在评分…</translation>
    </message>
    <message>
      <source>End with a falling voice ↘</source>
      <translation>句末用降调 ↘</translation>
    </message>
    <message>
      <source>End with a rising voice ↗</source>
      <translation>句末用升调 ↗</translation>
    </message>
    <message>
      <source>Rise on each item, fall on the last ↗ ↗ ↘</source>
      <translation>每项用升调，最后一项用降调 ↗ ↗ ↘</translation>
    </message>
    <message>
      <source>Lift your voice on the word that matters</source>
      <translation>重要的词要提高音调</translation>
    </message>
    <message>
      <source>Space  record and stop   ·   L  listen   ·   R  replay yourself   ·   Enter  next   ·   ← →  words</source>
      <translation>空格  录音/停止   ·   L  听示范   ·   R  回放   ·   回车  下一句   ·   ← →  选词</translation>
    </message>
    <message>
      <source>Slowly</source>
      <translation>慢速</translation>
    </message>
    <message>
      <source>Open…</source>
      <translation>打开…</translation>
    </message>
    <message>
      <source>Hear the sentence slowly (Shift+L)</source>
      <translation>慢速听句子（Shift+L）</translation>
    </message>
    <message>
      <source>Hear yourself again (R)</source>
      <translation>回放自己的录音（R）</translation>
    </message>
    <message>
      <source>Score a sound file instead (or drop one here)</source>
      <translation>改为给声音文件评分（也可拖到这里）</translation>
    </message>
    <message>
      <source>Too loud: move back a little</source>
      <translation>声音太大：请离远一点</translation>
    </message>
    <message>
      <source>Own text</source>
      <translation>我的文本</translation>
    </message>
    <message>
      <source>best {score}</source>
      <translation>最好 {score}</translation>
    </message>
    <message>
      <source>Stop and score (Space)</source>
      <translation>停止并评分（空格）</translation>
    </message>
    <message>
      <source>Record yourself (Space)</source>
      <translation>录音（空格）</translation>
    </message>
    <message>
      <source>Record again</source>
      <translation>再录一次</translation>
    </message>
    <message>
      <source>As the system</source>
      <translation>跟随系统</translation>
    </message>
    <message>
      <source>Microphone</source>
      <translation>麦克风</translation>
    </message>
    <message>
      <source>Device</source>
      <translation>设备</translation>
    </message>
    <message>
      <source>Look again</source>
      <translation>重新查找</translation>
    </message>
    <message>
      <source>Level</source>
      <translation>音量</translation>
    </message>
    <message>
      <source>Silence after which recording stops</source>
      <translation>停止录音前的静音时长</translation>
    </message>
    <message>
      <source>Appearance</source>
      <translation>外观</translation>
    </message>
    <message>
      <source>Theme</source>
      <translation>主题</translation>
    </message>
    <message>
      <source>Language</source>
      <translation>语言</translation>
    </message>
    <message>
      <source>Speech</source>
      <translation>语音</translation>
    </message>
    <message>
      <source>Accent</source>
      <translation>口音</translation>
    </message>
    <message>
      <source>My first language</source>
      <translation>我的母语</translation>
    </message>
    <message>
      <source>Reference voice</source>
      <translation>示范声音</translation>
    </message>
    <message>
      <source>Engine</source>
      <translation>引擎</translation>
    </message>
    <message>
      <source>Model</source>
      <translation>模型</translation>
    </message>
    <message>
      <source>Runs on</source>
      <translation>运行于</translation>
    </message>
    <message>
      <source>My data</source>
      <translation>我的数据</translation>
    </message>
    <message>
      <source>Export everything…</source>
      <translation>导出全部…</translation>
    </message>
    <message>
      <source>Delete recordings…</source>
      <translation>删除录音…</translation>
    </message>
    <message>
      <source>Delete everything…</source>
      <translation>删除全部…</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>删除</translation>
    </message>
    <message>
      <source>Keep</source>
      <translation>保留</translation>
    </message>
    <message>
      <source>{seconds} s</source>
      <translation>{seconds} 秒</translation>
    </message>
    <message>
      <source>Settings</source>
      <translation>设置</translation>
    </message>
    <message>
      <source>Find devices that were plugged in later</source>
      <translation>查找后来接入的设备</translation>
    </message>
    <message>
      <source>Stop by itself when I have finished</source>
      <translation>我读完后自动停止</translation>
    </message>
    <message>
      <source>Show sounds in ARPAbet instead of IPA</source>
      <translation>用 ARPAbet 代替国际音标</translation>
    </message>
    <message>
      <source>Your voice never leaves this computer. Scores are kept in one file here; recordings only if you agree.</source>
      <translation>你的声音不会离开这台电脑。分数保存在本机的一个文件中；只有你同意时才保留录音。</translation>
    </message>
    <message>
      <source>Keep my recordings, so that I can hear them later</source>
      <translation>保留我的录音，以便以后回听</translation>
    </message>
    <message>
      <source>Save all scores and recordings as a ZIP file</source>
      <translation>将所有分数和录音存为 ZIP 文件</translation>
    </message>
    <message>
      <source>Delete all sound; the scores stay</source>
      <translation>删除所有录音；分数保留</translation>
    </message>
    <message>
      <source>Delete all scores and recordings</source>
      <translation>删除所有分数和录音</translation>
    </message>
    <message>
      <source>too loud</source>
      <translation>太大</translation>
    </message>
    <message>
      <source>after a silence of</source>
      <translation>静音时长</translation>
    </message>
    <message>
      <source>Delete all recordings? The scores stay.</source>
      <translation>要删除所有录音吗？分数会保留。</translation>
    </message>
    <message>
      <source>Delete all scores and recordings of all learners? This cannot be undone.</source>
      <translation>要删除所有学员的全部分数和录音吗？此操作无法撤销。</translation>
    </message>
    <message>
      <source>good</source>
      <translation>正常</translation>
    </message>
    <message>
      <source>quiet</source>
      <translation>太小</translation>
    </message>
    <message>
      <source>The system's choice</source>
      <translation>系统默认</translation>
    </message>
    <message>
      <source>Light</source>
      <translation>浅色</translation>
    </message>
    <message>
      <source>Dark</source>
      <translation>深色</translation>
    </message>
    <message>
      <source>American</source>
      <translation>美式</translation>
    </message>
    <message>
      <source>British</source>
      <translation>英式</translation>
    </message>
    <message>
      <source>Not given</source>
      <translation>未填写</translation>
    </message>
    <message>
      <source>The best there is</source>
      <translation>最好的可用声音</translation>
    </message>
    <message>
      <source>Accurate</source>
      <translation>精确</translation>
    </message>
    <message>
      <source>Light and fast</source>
      <translation>轻量快速</translation>
    </message>
    <message>
      <source>The fastest there is</source>
      <translation>最快的可用引擎</translation>
    </message>
    <message>
      <source>to the engine</source>
      <translation>交给引擎</translation>
    </message>
    <message>
      <source>finding the voice</source>
      <translation>寻找语音</translation>
    </message>
    <message>
      <source>listening</source>
      <translation>听音</translation>
    </message>
    <message>
      <source>placing the sounds</source>
      <translation>定位音素</translation>
    </message>
    <message>
      <source>gathering evidence</source>
      <translation>收集依据</translation>
    </message>
    <message>
      <source>scoring</source>
      <translation>评分</translation>
    </message>
    <message>
      <source>tips</source>
      <translation>建议</translation>
    </message>
    <message>
      <source>other work</source>
      <translation>其他</translation>
    </message>
    <message>
      <source>back to the window</source>
      <translation>交回窗口</translation>
    </message>
    <message>
      <source>filling the page</source>
      <translation>填入页面</translation>
    </message>
    <message>
      <source>painting</source>
      <translation>绘制</translation>
    </message>
    <message>
      <source>Your voice stays on this computer</source>
      <translation>你的声音只留在这台电脑上</translation>
    </message>
    <message>
      <source>From the end of your recording to the scores on the screen</source>
      <translation>从录音结束到屏幕显示分数的时间</translation>
    </message>
    <message>
      <source>The model is loading…</source>
      <translation>正在载入模型…</translation>
    </message>
    <message>
      <source>scores after {ms} ms</source>
      <translation>{ms} 毫秒出分</translation>
    </message>
    <message>
      <source>Accuracy</source>
      <translation>准确度</translation>
    </message>
    <message>
      <source>Fluency</source>
      <translation>流利度</translation>
    </message>
    <message>
      <source>Melody</source>
      <translation>韵律</translation>
    </message>
    <message>
      <source>Completeness</source>
      <translation>完整度</translation>
    </message>
    <message>
      <source>heard /{heard}/ for /{expected}/</source>
      <translation>/{expected}/ 听起来像 /{heard}/</translation>
    </message>
    <message>
      <source>Hear this sound in your recording</source>
      <translation>听录音中的这个音</translation>
    </message>
    <message>
      <source>Hear your word</source>
      <translation>听你读的这个词</translation>
    </message>
    <message>
      <source>Hear the word as it should sound</source>
      <translation>听这个词的示范</translation>
    </message>
    <message>
      <source>Sounds</source>
      <translation>音素</translation>
    </message>
    <message>
      <source>Choose a word to see its sounds.</source>
      <translation>选择一个单词查看其音素。</translation>
    </message>
    <message>
      <source>Not in the dictionary: its pronunciation was guessed from the spelling.</source>
      <translation>词典中没有该词：读音由拼写推测。</translation>
    </message>
    <message>
      <source>Stress {score}</source>
      <translation>重音 {score}</translation>
    </message>
    <message>
      <source>This does not sound like the sentence, so it was not graded. Read it as written and try again.</source>
      <translation>听起来不是这句话，因此没有评分。请照原文再读一次。</translation>
    </message>
    <message>
      <source>The recording is too unclear to judge. Move closer to the microphone and try again.</source>
      <translation>录音不够清楚，无法判断。请靠近麦克风再试一次。</translation>
    </message>
    <message>
      <source>Practice</source>
      <translation>练习</translation>
    </message>
    <message>
      <source>Close this message</source>
      <translation>关闭此消息</translation>
    </message>
    <message>
      <source>The sound system ended the recording; check the plug. What was recorded is kept.</source>
      <translation>声音系统中止了录音；请检查插头。已录的部分已保留。</translation>
    </message>
    <message>
      <source>The microphone sends nothing; choose another one in Settings.</source>
      <translation>麦克风没有信号；请在“设置”中选择另一个。</translation>
    </message>
    <message>
      <source>The microphone stopped sending; check its plug. What was recorded is kept.</source>
      <translation>麦克风停止发送信号；请检查插头。已录的部分已保留。</translation>
    </message>
    <message>
      <source>The microphone went silent: it is muted or unplugged. What was recorded is kept.</source>
      <translation>麦克风没有声音：可能被静音或拔掉了。已录的部分已保留。</translation>
    </message>
  </context>
</TS>
